package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.DatabindContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.jsontype.impl.TypeIdResolverBase;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.UnknownName;

/// What `algo` says under `objective:` in `config.yaml`: the family of the settings, or, of settings that are not
/// FlowRL's own, the name of their class.
public final class ObjectiveNames extends TypeIdResolverBase {
    /// What `algo` says of {@link FlowRlSettings}.
    public static final String FLOWRL = "flowrl";
    private static final Map<Class<?>, String> FAMILIES = Map.of(FlowRlSettings.class, FLOWRL,
            PolicyGradientSettings.class, "policy_gradient");

    /// Jackson makes one.
    public ObjectiveNames() {
    }

    @Override
    public JsonTypeInfo.Id getMechanism() {
        return JsonTypeInfo.Id.CUSTOM;
    }

    @Override
    public String idFromValue(Object settings) {
        return idFromValueAndType(settings, settings.getClass());
    }

    @Override
    public String idFromValueAndType(Object settings, Class<?> type) {
        return FAMILIES.getOrDefault(type, type.getName());
    }

    /// The class of settings that a name says.
    ///
    /// @throws IllegalArgumentException where it says none; classes of anything else are not loaded any further
    @Override
    public JavaType typeFromId(DatabindContext context, String name) {
        for (Map.Entry<Class<?>, String> family : FAMILIES.entrySet()) {
            if (family.getValue().equals(name)) {
                return context.constructType(family.getKey());
            }
        }
        try {
            Class<?> found = Class.forName(name, false, Thread.currentThread().getContextClassLoader());
            if (ObjectiveSettings.class.isAssignableFrom(found)) {
                return context.constructType(found);
            }
            throw new IllegalArgumentException("algo " + name + " must implement " + ObjectiveSettings.class.getName());
        } catch (ClassNotFoundException e) {
            List<String> known = FAMILIES.values().stream().sorted().toList();
            throw new IllegalArgumentException(UnknownName.message("algo", name, UnknownName.nearest(name, known),
                    String.join(", ", known) + ", and classes on the class path"), e);
        }
    }
}
