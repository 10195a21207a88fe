// Evaluates label selectors (metav1.LabelSelector) on cached objects.
import type { LabelSelector } from '../../api/types/meta-v1.ts'

type Labels = Readonly<Record<string, string>>

/** An absent selector selects nothing, an empty one everything; an unknown operator selects nothing. */
export function selects(selector: LabelSelector | null | undefined, labels: Labels = {}): boolean {
  if (selector === undefined || selector === null) return false
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values }) => meets(labels[key], operator, values ?? []))
}

/** Like a selector of `matchLabels` alone (Service, ReplicationController): absent or empty selects nothing. */
export function selectsByMap(selector: Labels | undefined, labels: Labels = {}): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)
}

/** Also used for node selectors; their Gt and Lt compare integers. */
export function meets(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isInteger(value) && isInteger(values[0]) && BigInt(value) > BigInt(values[0])
    case 'Lt':
      return isInteger(value) && isInteger(values[0]) && BigInt(value) < BigInt(values[0])
    default:
      return false
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^[+-]?\d{1,19}$/.test(text)
}
