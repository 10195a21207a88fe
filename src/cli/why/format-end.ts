// Formats one end of a connection that refuses it.
import { dump } from 'js-yaml'
import type { RefusedEnd } from '../../network/policy/explain-refusal.ts'
import { indented, label } from './format.ts'

export function formatEnd({ direction, namespace, pod, isolating, wouldAllow }: RefusedEnd): string[] {
  const names = isolating.map(name => `"${name}"`).join(', ')
  return [
    label(direction, `of pod "${namespace}/${pod}" is closed by NetworkPolicy ${names}, which do not allow this`),
    label('would allow', 'this additional NetworkPolicy:'),
    ...indented(dump(wouldAllow, { lineWidth: -1 })),
  ]
}
