package dev.chaperone.rules;

/** The PHI classes of {@code FieldClass.phi_class}, strongest last. */
final class PhiClasses {
    static final String NONE = "NONE";
    static final String CLINICAL = "CLINICAL";
    static final String UNKNOWN = "UNKNOWN";

    private PhiClasses() {}

    /** Whether {@code phiClass} is one of the identifiers of 45 CFR 164.514(b)(2)(i). */
    static boolean isIdentifier(String phiClass) {
        return phiClass.length() == 1 && phiClass.charAt(0) >= 'A' && phiClass.charAt(0) <= 'R';
    }

    /** Whether a table holding a field of this class holds health data of somebody. */
    static boolean isPhi(String phiClass) {
        return isIdentifier(phiClass) || phiClass.equals(CLINICAL);
    }

    /** {@code phiClass} if it is one, otherwise {@code UNKNOWN}: a catalog's slip must not open a field. */
    static String checked(String phiClass) {
        boolean valid = isPhi(phiClass) || phiClass.equals(NONE);
        return valid ? phiClass : UNKNOWN;
    }

    /** The one of two classes that asks for more care. */
    static String stronger(String one, String other) {
        return rank(one) >= rank(other) ? one : other;
    }

    private static int rank(String phiClass) {
        switch (phiClass) {
            case NONE:
                return 0;
            case CLINICAL:
                return 1;
            case UNKNOWN:
                return 3;
            default:
                return 2;
        }
    }
}
