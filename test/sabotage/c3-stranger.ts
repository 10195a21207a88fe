// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const c3: readonly Sabotage[] = [
  {
    name: 'the processes of the node are allowed',
    file: 'src/admission/pod-security/checks/host-namespaces.ts',
    from: "['hostNetwork', 'hostPID', 'hostIPC'] as const",
    to: "['hostNetwork', 'hostIPC'] as const",
    proof: 'C3',
  },
  {
    name: 'an unmasked /proc is allowed',
    file: 'src/admission/pod-security/checks/proc-mount.ts',
    from: "(container.securityContext?.procMount ?? 'Default') !== 'Default'",
    to: "(container.securityContext?.procMount ?? 'Default') === ''",
    proof: 'C3',
  },
  {
    name: 'a container that says false in a pod that says true passes',
    file: 'src/admission/pod-security/checks/run-as-non-root.ts',
    from: 'if (pod === false || explicit.length > 0)',
    to: 'if (pod === false || (explicit.length > 0 && pod !== true))',
    proof: 'C3',
  },
  {
    name: 'only the first container may not escalate',
    file: 'src/admission/pod-security/checks/allow-privilege-escalation.ts',
    from: 'const bad = visited.filter(',
    to: 'const bad = visited.slice(0, 1).filter(',
    proof: 'C3',
  },
  {
    name: 'restricted allows every capability of the network',
    file: 'src/admission/pod-security/checks/capabilities-restricted.ts',
    from: 'const adding = visited.filter(({ container }) => container.securityContext?.capabilities?.add?.some(capability => capability !== allowed))',
    to: "const adding = visited.filter(({ container }) => container.securityContext?.capabilities?.add?.some(capability => !capability.startsWith('NET_')))",
    proof: 'C3',
  },
  {
    name: 'host processes of a container are allowed',
    file: 'src/admission/pod-security/checks/host-process.ts',
    from: 'const bad = visited.filter(({ container }) => container.securityContext?.windowsOptions?.hostProcess === true)',
    to: "const bad = visited.filter(({ kind, container }) => kind === 'containers' && container.securityContext?.windowsOptions?.hostProcess === true)",
    proof: 'C3',
  },
  {
    name: 'AppArmor profiles in annotations are not checked',
    file: 'src/admission/pod-security/checks/app-armor-profile.ts',
    from: "value === '' || value === 'runtime/default' || value.startsWith('localhost/')",
    to: "value !== 'none'",
    proof: 'C3',
  },
  {
    name: 'any SELinux type that begins with container is allowed',
    file: 'src/admission/pod-security/checks/se-linux-options.ts',
    from: "!allowed.has(options.type ?? '')",
    to: "!(options.type ?? '').startsWith('container') && !allowed.has(options.type ?? '')",
    proof: 'C3',
  },
  {
    name: 'users whose name begins with system are exempt',
    file: 'src/admission/pod-security/exemptions.ts',
    from: "if (exemptions.usernames.has(user.name)) return 'user'",
    to: "if (exemptions.usernames.has(user.name) || user.name.startsWith('system:serviceaccount')) return 'user'",
    proof: 'C3',
  },
  {
    name: 'levels are compared in the wrong order',
    file: 'src/admission/pod-security/policy.ts',
    from: 'return strictness(policy.level) < strictness(than.level) ||',
    to: 'return strictness(policy.level) < strictness(than.level) - 1 ||',
    proof: 'C3',
  },
]
