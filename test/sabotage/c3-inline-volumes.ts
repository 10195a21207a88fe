// Sabotage of the rule that keeps inline volumes of CSI drivers to the namespaces that they are for.
import type { Sabotage } from './sabotage.ts'

const file = 'src/admission/plugins/csi-inline-volumes.ts'
const sabotage = (name: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'C3' })

export const c3: readonly Sabotage[] = [
  sabotage(
    'inline volumes of no driver are looked at',
    "handles: ({ subresource }) => subresource === ''",
    "handles: ({ subresource }) => subresource === 'x'",
  ),
  sabotage(
    'only drivers for restricted namespaces are looked at',
    'if (label === undefined) continue',
    "if (label !== 'restricted') continue",
  ),
  sabotage(
    'a baseline namespace is as weak as a privileged one',
    'if (strictness(level) > strictness(label))',
    "if (level === 'restricted' && strictness(level) > strictness(label))",
  ),
  sabotage(
    'a restricted namespace takes what is for baseline ones',
    'if (strictness(level) > strictness(label))',
    'if (strictness(level) > strictness(label) + 1)',
  ),
  sabotage('a label that is no level allows all', 'if (!isLevel(label))', 'if (!isLevel(label)) continue\n        if (!isLevel(label))'),
  sabotage(
    'the first inline volume counts alone',
    'new Set((pod?.spec.volumes ?? []).flatMap(',
    'new Set((pod?.spec.volumes ?? []).slice(0, 1).flatMap(',
  ),
]
