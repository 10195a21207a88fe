// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const d2: readonly Sabotage[] = [
  {
    name: 'the patch of a pod that says false leaves it',
    file: 'src/admission/pod-security/checks/run-as-non-root.ts',
    from: 'spec.securityContext.runAsNonRoot = true',
    to: 'spec.securityContext.runAsNonRoot ??= true',
    proof: 'D2',
  },
  {
    name: 'the patch leaves init containers that escalate',
    file: 'src/admission/pod-security/checks/allow-privilege-escalation.ts',
    from: 'for (const { container } of containersOf(spec)) securityContextOf(container).allowPrivilegeEscalation = false',
    to: "for (const { container, kind } of containersOf(spec)) if (kind === 'containers') securityContextOf(container).allowPrivilegeEscalation = false",
    proof: 'D2',
  },
  {
    name: 'the patch leaves AppArmor annotations',
    file: 'src/admission/pod-security/checks/app-armor-profile.ts',
    from: 'if (key.startsWith(annotationPrefix) && !allowedAnnotation(value)) delete metadata.annotations?.[key]',
    to: 'if (key === annotationPrefix && !allowedAnnotation(value)) delete metadata.annotations?.[key]',
    proof: 'D2',
  },
  {
    name: 'the patch of a privileged container sets false for all',
    file: 'src/admission/pod-security/checks/privileged.ts',
    from: 'if (container.securityContext?.privileged) delete container.securityContext.privileged',
    to: 'if (container.securityContext?.privileged === false) delete container.securityContext.privileged',
    proof: 'D2',
  },
  {
    name: 'the patch of an unmasked /proc changes nothing',
    file: 'src/admission/pod-security/checks/proc-mount.ts',
    from: 'if (container.securityContext?.procMount) delete container.securityContext.procMount',
    to: "if (container.securityContext?.procMount === 'Default') delete container.securityContext.procMount",
    proof: 'D2',
  },
  {
    name: 'the patch leaves the network of the node',
    file: 'src/admission/pod-security/checks/host-namespaces.ts',
    from: 'for (const name of namespaces) delete spec[name]',
    to: 'for (const name of namespaces.slice(1)) delete spec[name]',
    proof: 'D2',
  },
]
