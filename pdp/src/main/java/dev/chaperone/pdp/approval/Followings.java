package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** The streams that are open, which end when the service drains: whoever follows looks for another replica then. */
final class Followings {

    private final Set<Following> open = ConcurrentHashMap.newKeySet();
    private volatile boolean draining;

    /** Takes a stream in; to be called on the thread of the call, before that returns. */
    Following open(StreamObserver<Approval> stream, Predicate<Approval> last) {
        Following following = new Following((ServerCallStreamObserver<Approval>) stream, last, open::remove);
        open.add(following);
        if (draining) {
            following.refuse(stops());
        }
        return following;
    }

    /** How many there are. */
    int count() {
        return open.size();
    }

    /** Ends every stream, and each new one. */
    void drain() {
        draining = true;
        open.forEach(following -> following.refuse(stops()));
    }

    private static ApprovalException stops() {
        return new ApprovalException(Problem.UNAVAILABLE, "this replica of the approval service stops; try again");
    }
}
