// What CEL itself knows of strings: contains, startsWith, endsWith, matches.
import type { EstimateCall } from '../check/estimate.ts'
import * as estimate from '../check/estimate.ts'
import * as t from '../check/type.ts'
import { asString } from '../evaluate/narrow.ts'
import { matches } from '../evaluate/regex.ts'
import { type CelValue, sizeOf } from '../evaluate/values.ts'
import { type CelFunction, free, member } from './function.ts'

const walk = (size: number): number => Math.ceil(size * estimate.traversalFactor)

/** Both texts are walked, the one for each character of the other. */
const contains = {
  cost: ([text = null, part = null]: readonly CelValue[]) => walk(sizeOf(text)) * walk(sizeOf(part)),
  estimate: ({ target, args: [part], size }: EstimateCall) => {
    if (target === undefined || part === undefined) return undefined
    const factor = estimate.traversalFactor
    return { cost: estimate.multiply(estimate.scale(size(target), factor), estimate.scale(size(part), factor)) }
  },
}

/** The text is walked; the estimate goes by the other text, which is what upstream does. */
const affix = {
  cost: ([text = null]: readonly CelValue[]) => walk(sizeOf(text)),
  estimate: ({ args: [part], size }: EstimateCall) =>
    part === undefined ? undefined : { cost: estimate.scale(size(part), estimate.traversalFactor) },
}

/** The length of the text times that of the pattern. 1 is added to the text: an expensive pattern on an empty text is not free. */
export const regexCosts = {
  cost: ([text = null, pattern = null]: readonly CelValue[]) => walk(1 + sizeOf(text)) * Math.ceil(sizeOf(pattern) * estimate.regexFactor),
  estimate: ({ target, args: [pattern], size }: EstimateCall) => {
    if (target === undefined || pattern === undefined) return undefined
    const text = estimate.scale(estimate.add(size(target), estimate.fixed(1)), estimate.traversalFactor)
    return { cost: estimate.multiply(text, estimate.scale(size(pattern), estimate.regexFactor)) }
  },
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
