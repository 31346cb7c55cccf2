package dev.chaperone.enforcer;

import io.grpc.ManagedChannel;
import java.util.concurrent.ScheduledExecutorService;

/**
 * How the approval service is reached.
 *
 * @param calls for single calls
 * @param watches for streams, whose connections are others: as many as a connection takes must not keep a grant from being redeemed
 * @param scheduler for what is tried again later
 */
record HoldService(ManagedChannel calls, ManagedChannel watches, ScheduledExecutorService scheduler) {}
