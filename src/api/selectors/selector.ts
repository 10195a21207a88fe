// Label and field selectors: parsed by upstream's grammar with upstream's errors, compiled to a matcher and to exact pairs that indexes can
// use.

import { writeJson } from '../../base/write-json.ts'
import { badRequest } from '../status.ts'
import {
  integer,
  type LabelRequirement,
  labelRequirement,
  readLabelRequirements,
  refuseSelector,
  SelectorError,
  type SelectorOperator,
} from './label-selector-syntax.ts'

export type { LabelRequirement, SelectorOperator }

type Labels = Readonly<Record<string, string>>

/** A compiled label selector. Every matching object has the pairs `exact`. */
export interface LabelSelection {
  readonly requirements: readonly LabelRequirement[]
  readonly exact: readonly (readonly [string, string])[]
  matches(labels: Labels | undefined): boolean
}

/** The `labelSelector` of a query. Throws a 400 with upstream's words. */
export function parseLabelSelector(text: string): LabelSelection {
  try {
    return compileLabelRequirements(readLabelRequirements(text))
  } catch (err) {
    if (err instanceof SelectorError) throw badRequest(err.message)
    throw err
  }
}

/** The LabelSelector of objects: the used part of meta/v1's type. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

const objectOperators: Record<string, SelectorOperator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

const nothing: LabelSelection = { requirements: [], exact: [], matches: () => false }

/**
 * Compiles the LabelSelector of an object: an absent one matches nothing, an empty one everything. Throws an Error with upstream's words if
 * it is invalid; validated objects have valid ones.
 */
export function compileLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelection {
  if (selector === null || selector === undefined) return nothing
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => labelRequirement(key, '=', [value]))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? objectOperators[operator] : undefined
    if (known === undefined) refuseSelector(`${writeJson(operator)} is not a valid label selector operator`)
    else requirements.push(labelRequirement(key, known, values))
  }
  return compileLabelRequirements(requirements)
}

function compileLabelRequirements(requirements: readonly LabelRequirement[]): LabelSelection {
  const tests = requirements.map(labelTest)
  const [only] = tests
  return {
    requirements,
    exact: requirements.flatMap(({ key, operator, values: [value, second] }): [string, string][] =>
      isEquality(operator) && value !== undefined && second === undefined ? [[key, value]] : [],
    ),
    matches: only !== undefined && tests.length === 1 ? (labels = {}) => only(labels) : (labels = {}) => tests.every(test => test(labels)),
  }
}

function isEquality(operator: SelectorOperator): boolean {
  return operator === '=' || operator === '==' || operator === 'in'
}

function labelTest({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  const [only] = values
  const wanted = new Set(values)
  const has = (labels: Labels): boolean => Object.hasOwn(labels, key)
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      // One value, as in most selectors: objects that differ, which are most, need one lookup.
      if (only !== undefined && values.length === 1) return labels => labels[key] === only && has(labels)
      return labels => has(labels) && wanted.has(labels[key] ?? '')
    case '!=':
    case 'notin':
      return labels => !has(labels) || !wanted.has(labels[key] ?? '')
    case 'exists':
      return has
    case '!':
      return labels => !has(labels)
    case 'gt':
    case 'lt': {
      const bound = integer(only ?? '') ?? 0n
      return labels => {
        const value = has(labels) ? integer(labels[key] ?? '') : undefined
        return value !== undefined && (operator === 'gt' ? value > bound : value < bound)
      }
    }
  }
}

/** The canonical text of a label selector, as upstream prints it: sorted by key, otherwise in the selector's order. */
export function formatLabelSelector({ requirements }: LabelSelection): string {
  return requirements
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(formatLabelRequirement)
    .join(',')
}

function formatLabelRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    case 'gt':
      return `${key}>${values[0] ?? ''}`
    case 'lt':
      return `${key}<${values[0] ?? ''}`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}
