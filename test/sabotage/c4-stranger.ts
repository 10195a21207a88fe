// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const c4: readonly Sabotage[] = [
  {
    name: 'only true of escalation forbids it',
    file: 'src/node/container/security-context.ts',
    from: 'noNewPrivs: own.allowPrivilegeEscalation === false',
    to: 'noNewPrivs: own.allowPrivilegeEscalation === true',
    proof: 'C4',
  },
  {
    name: 'the group of the pod is ignored',
    file: 'src/node/container/security-context.ts',
    from: 'const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup',
    to: 'const runAsGroup = own.runAsGroup',
    proof: 'C4',
  },
  {
    name: 'all capabilities are dropped as one by its name',
    file: 'src/node/container/security-context.ts',
    from: 'dropCapabilities: own.capabilities?.drop ?? []',
    to: "dropCapabilities: (own.capabilities?.drop ?? []).filter(name => name !== 'ALL')",
    proof: 'C4',
  },
]
