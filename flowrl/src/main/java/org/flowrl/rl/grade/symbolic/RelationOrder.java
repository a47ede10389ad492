package org.flowrl.rl.grade.symbolic;

import java.util.List;
import org.flowrl.rl.grade.symbolic.Expression.Relation;
import org.flowrl.rl.grade.symbolic.Expression.Relation.Operator;

/// A relation read so that inequalities ascend: a > b is b < a.
///
/// @param relation as it was written
record RelationOrder(Relation relation) {
    /// The operands, smallest first where the relation orders them.
    List<Expression> operands() {
        return isDescending() ? relation.operands().reversed() : relation.operands();
    }

    /// The operators between {@link #operands}.
    List<Operator> operators() {
        return isDescending() ? relation.operators().reversed().stream().map(RelationOrder::turned).toList()
                : relation.operators();
    }

    /// Whether the sides may be exchanged.
    boolean isSymmetric() {
        return relation.operators().stream().allMatch(operator -> operator == Operator.EQUAL
                || operator == Operator.NOT_EQUAL);
    }

    private boolean isDescending() {
        return relation.operators().stream().anyMatch(operator -> operator == Operator.GREATER
                || operator == Operator.GREATER_OR_EQUAL);
    }

    private static Operator turned(Operator operator) {
        return switch (operator) {
            case LESS -> Operator.GREATER;
            case LESS_OR_EQUAL -> Operator.GREATER_OR_EQUAL;
            case GREATER -> Operator.LESS;
            case GREATER_OR_EQUAL -> Operator.LESS_OR_EQUAL;
            case EQUAL, APPROXIMATE, NOT_EQUAL, IN -> operator;
        };
    }
}
