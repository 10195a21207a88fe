// CEL's own string functions: contains, startsWith, endsWith, matches.
import type { EstimateCall } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, member } from '../functions/function.ts'
import { asString } from '../values/narrow.ts'
import { matches } from '../values/regex.ts'
import * as t from '../values/type.ts'
import { type CelValue, sizeOf } from '../values/values.ts'
import { regexCosts } from './costs.ts'

/** Both texts are traversed, one for each character of the other. */
const contains = {
  cost: ([text = null, part = null]: readonly CelValue[]) => estimate.walk(sizeOf(text)) * estimate.walk(sizeOf(part)),
  estimate: ({ target, args: [part], size }: EstimateCall) => {
    if (target === undefined || part === undefined) return undefined
    const factor = estimate.traversalFactor
    return { cost: estimate.multiply(estimate.scale(size(target), factor), estimate.scale(size(part), factor)) }
  },
}

/** The text is traversed; the estimate uses the other text, as upstream does. */
const affix = {
  cost: ([text = null]: readonly CelValue[]) => estimate.walk(sizeOf(text)),
  estimate: ({ args: [part], size }: EstimateCall) =>
    part === undefined ? undefined : { cost: estimate.scale(size(part), estimate.traversalFactor) },
}

const match = (text: CelValue, pattern: CelValue): boolean => matches(asString(text), asString(pattern))

export const text: readonly CelFunction[] = [
  {
    name: 'contains',
    overloads: [member('contains_string', [t.string, t.string], t.bool, (a, b) => asString(a).includes(asString(b)), contains)],
  },
  {
    name: 'startsWith',
    overloads: [member('starts_with_string', [t.string, t.string], t.bool, (a, b) => asString(a).startsWith(asString(b)), affix)],
  },
  {
    name: 'endsWith',
    overloads: [member('ends_with_string', [t.string, t.string], t.bool, (a, b) => asString(a).endsWith(asString(b)), affix)],
  },
  {
    name: 'matches',
    overloads: [
      free('matches', [t.string, t.string], t.bool, match),
      member('matches_string', [t.string, t.string], t.bool, match, regexCosts),
    ],
  },
]
