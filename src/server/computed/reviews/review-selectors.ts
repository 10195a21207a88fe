// The selectors of an access review, as the text that a request would have in its query.
import type { FieldSelectorAttributes, LabelSelectorAttributes } from '../../../api/types/authorization-v1.ts'

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** Undefined if there are no requirements. Requirements that field selectors cannot express are dropped, so the reviewed access is wider, never narrower. */
export function fieldSelectorText(selector: FieldSelectorAttributes | undefined): string | undefined {
  return textOf(selector, ({ key, operator, values = [] }) => {
    const [value, second] = values
    if (value === undefined || second !== undefined) return undefined
    if (operator === 'In') return `${key}=${escaped(value)}`
    return operator === 'NotIn' ? `${key}!=${escaped(value)}` : undefined
  })
}

/** The same for labels. */
export function labelSelectorText(selector: LabelSelectorAttributes | undefined): string | undefined {
  return textOf(selector, ({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    if (values.length === 0) return undefined
    if (operator === 'In') return `${key} in (${values.join(',')})`
    return operator === 'NotIn' ? `${key} notin (${values.join(',')})` : undefined
  })
}

function textOf(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  term: (requirement: Requirement) => string | undefined,
): string | undefined {
  if (selector === undefined) return undefined
  if (selector.rawSelector) return selector.rawSelector
  const terms = (selector.requirements ?? []).map(term).filter(text => text !== undefined)
  return terms.length === 0 ? undefined : terms.join(',')
}

const escaped = (value: string): string => value.replace(/[\\,=]/g, found => `\\${found}`)
