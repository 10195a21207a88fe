// One end of a connection that refuses it, as text.
import { dump } from 'js-yaml'
import type { RefusedEnd } from '../../network/policy/explain-refusal.ts'
import { indented, label } from './format.ts'

export function formatEnd({ direction, namespace, pod, isolating, wouldAllow }: RefusedEnd): string[] {
  const names = isolating.map(name => `"${name}"`).join(', ')
  return [
    label(direction, `of pod "${namespace}/${pod}" is closed by NetworkPolicy ${names}, and none allows this`),
    label('would allow', 'this NetworkPolicy beside them:'),
    ...indented(dump(wouldAllow, { lineWidth: -1 })),
  ]
}
