package dev.chaperone.audit;

import dev.chaperone.audit.v1.AuthenticationFailed;
import dev.chaperone.audit.v1.ReplayedStep;
import dev.chaperone.audit.v1.ReplayedStep.Cell;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts steps into the words of the contract, each within a bound: long texts are cut, and rows that no longer fit are counted
 * as left out.
 */
final class StepMessages {

    private static final int LONGEST_OPERATION = 64 << 10;
    private static final int LONGEST_CELL = 2_000;
    private static final int LONGEST_MESSAGE = 4_000;
    private static final int MOST_MESSAGES = 200;
    private static final int MOST_PARAMETERS = 200;
    private static final int MOST_TABLE_CHARACTERS = 512 << 10;

    private StepMessages() {}

    static ReplayedStep of(ReplayStep step) {
        ReplayedStep.Builder out = ReplayedStep.newBuilder()
                .setSequence(step.sequence())
                .setAtMicros(step.atMicros())
                .setRequest(step.request());
        if (step instanceof ReplayStep.Opened opened) {
            out.getOpenedBuilder().setClientAddress(opened.clientAddress()).setTransport(opened.transport());
        } else if (step instanceof ReplayStep.Authenticated who) {
            out.setAuthenticated(Principal.newBuilder()
                    .setIssuer(who.issuer())
                    .setSubject(who.subject())
                    .setAgent(who.agent())
                    .addAllDelegation(who.delegation())
                    .addAllGroups(who.groups()));
        } else if (step instanceof ReplayStep.Refused refused) {
            out.setRefused(
                    AuthenticationFailed.newBuilder().setCode(refused.code()).setMessage(refused.message()));
        } else if (step instanceof ReplayStep.Asked asked) {
            out.setAsked(asked(asked));
        } else if (step instanceof ReplayStep.Saw saw) {
            out.setSaw(saw(saw));
        } else if (step instanceof ReplayStep.Sent sent) {
            out.getSentBuilder()
                    .setMediaType(sent.mediaType())
                    .setBytes(sent.bytes())
                    .setStart(sent.start())
                    .setLast(sent.last());
        } else if (step instanceof ReplayStep.Completed completed) {
            out.getEndedBuilder()
                    .setOutcome(completed.outcome())
                    .setCode(completed.code())
                    .setRows(completed.rows())
                    .setBytes(completed.bytes())
                    .setDurationMicros(completed.durationMicros());
        } else if (step instanceof ReplayStep.Held held) {
            out.getHeldBuilder().setApprovalId(held.approval()).setLimit(held.limit());
        } else if (step instanceof ReplayStep.HoldEnded ended) {
            out.setHoldEnded(holdEnded(ended));
        } else if (step instanceof ReplayStep.Closed closed) {
            out.setClosed(closed.cause());
        } else {
            out.setOther(step.kind());
        }
        return out.build();
    }

    private static ReplayedStep.Asked asked(ReplayStep.Asked asked) {
        ReplayedStep.Asked.Builder out = ReplayedStep.Asked.newBuilder()
                .setOperation(cut(asked.operation(), LONGEST_OPERATION))
                .setEffect(asked.effect())
                .setDecided(asked.decided())
                .putAllMasks(asked.masks())
                .putAllDetectors(asked.detectors())
                .setPolicyVersion(asked.policyVersion())
                .setCached(asked.cached())
                .setDecisionMicros(asked.decisionMicros());
        asked.parameters().stream().limit(MOST_PARAMETERS).forEach(value -> out.addParameters(cell(value, false)));
        asked.reasons()
                .forEach(reason -> out.addReasons(Reason.newBuilder()
                        .setRule(reason.rule())
                        .setText(reason.text())
                        .setCitation(reason.citation())));
        String message = asked.message();
        return out.setMessage(message == null ? "" : cut(message, LONGEST_MESSAGE))
                .build();
    }

    private static ReplayedStep.Saw saw(ReplayStep.Saw saw) {
        ReplayedStep.Saw.Builder out = ReplayedStep.Saw.newBuilder()
                .setMediaType(saw.mediaType())
                .setBytes(saw.bytes())
                .setRows(saw.rows())
                .setMaskedValues(saw.maskedValues())
                .putAllDetected(saw.detected());
        saw.messages().stream().limit(MOST_MESSAGES).forEach(text -> out.addMessages(cut(text, LONGEST_MESSAGE)));
        TableView table = saw.table();
        if (table != null) {
            out.addAllColumns(table.columns());
            rows(out, table, new HashSet<>(saw.masked()));
        }
        return out.build();
    }

    private static void rows(ReplayedStep.Saw.Builder out, TableView table, Set<ReplayStep.MaskedCell> masked) {
        int characters = 0;
        int listed = 0;
        for (List<@Nullable String> cells : table.rows()) {
            ReplayedStep.Row.Builder row = ReplayedStep.Row.newBuilder();
            for (int column = 0; column < cells.size(); column++) {
                Cell cell = cell(cells.get(column), masked.contains(new ReplayStep.MaskedCell(listed, column)));
                characters += cell.getText().length() + 8;
                row.addCells(cell);
            }
            if (characters > MOST_TABLE_CHARACTERS) {
                break;
            }
            out.addTable(row);
            listed++;
        }
        out.setOmitted(table.omitted() + table.rows().size() - listed);
    }

    private static ReplayedStep.HoldEnded holdEnded(ReplayStep.HoldEnded ended) {
        ReplayedStep.HoldEnded.Builder out = ReplayedStep.HoldEnded.newBuilder()
                .setApprovalId(ended.approval())
                .setOutcome(ended.outcome())
                .setWords(cut(ended.words(), LONGEST_MESSAGE))
                .setWaitedMicros(ended.waitedMicros())
                .setBreakGlass(ended.breakGlass());
        ended.votes()
                .forEach(vote -> out.addVotesBuilder()
                        .setVoter(Principal.newBuilder().setSubject(vote.subject()))
                        .setApprove(vote.approve())
                        .setJustification(vote.justification())
                        .setBreakGlass(vote.breakGlass()));
        return out.build();
    }

    private static Cell cell(@Nullable String value, boolean masked) {
        if (value == null) {
            return Cell.newBuilder().setIsNull(true).setMasked(masked).build();
        }
        String text = cut(value, LONGEST_CELL);
        return Cell.newBuilder()
                .setText(text)
                .setMasked(masked)
                .setCut(text.length() < value.length())
                .build();
    }

    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        boolean splits = Character.isHighSurrogate(text.charAt(most - 1));
        return text.substring(0, splits ? most - 1 : most);
    }
}
