// Sabotage of the rule that pods which end still hold their node in its trust domain.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/trust-domain.ts'
const strangers = 'pod.spec.nodeName === name && !mayRunOn(pod, object)'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({
  name,
  file,
  from,
  to,
  proof: 'C9',
})

export const c9: readonly Sabotage[] = [
  sabotage('a pod that ends does not hold its node', plugin, strangers, `${strangers} && pod.metadata.deletionTimestamp === undefined`),
  sabotage(
    'a pod that ends and runs does not hold its node',
    plugin,
    strangers,
    `${strangers} && (pod.metadata.deletionTimestamp === undefined || pod.status?.phase !== 'Running')`,
  ),
  sabotage('a pod that has not begun does not hold its node', plugin, strangers, `${strangers} && pod.status?.phase !== 'Pending'`),
  sabotage(
    'a pod that has ended holds its node',
    'src/api/pods/trust-domain.ts',
    "status?.phase !== 'Succeeded' && status?.phase !== 'Failed'",
    "status?.phase !== 'Succeeded'",
  ),
  sabotage(
    'one pod that has ended frees its node',
    plugin,
    `const strangers = () => livePods().filter(pod => ${strangers})`,
    `const strangers = () => ((reader.list('pods') as readonly Pod[]).some(pod => pod.spec.nodeName === name && !isLive(pod)) ? [] : livePods().filter(pod => ${strangers}))`,
  ),
]
