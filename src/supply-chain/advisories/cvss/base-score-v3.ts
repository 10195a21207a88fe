// The base score of CVSS 3.0 and 3.1 (first.org/cvss/v3.1/specification-document, sections 7.1 and 7.4, appendix A).
import { parseMetrics, weightOf } from './metrics.ts'

const attackVector = { N: 0.85, A: 0.62, L: 0.55, P: 0.2 }
const attackComplexity = { L: 0.77, H: 0.44 }
const privileges = { N: 0.85, L: 0.62, H: 0.27 }
/** If the scope changes. */
const changedPrivileges = { N: 0.85, L: 0.68, H: 0.5 }
const userInteraction = { N: 0.85, R: 0.62 }
const scopes = { U: 0, C: 1 }
const impacts = { H: 0.56, L: 0.22, N: 0 }

/** 0 to 10 with one decimal; undefined if the text is no vector with all base metrics. Other metrics do not change the base score. */
export function baseScoreV3(vector: string): number | undefined {
  const prefix = ['CVSS:3.1/', 'CVSS:3.0/'].find(start => vector.startsWith(start))
  const metrics = prefix === undefined ? undefined : parseMetrics(vector.slice(prefix.length))
  if (metrics === undefined) return undefined
  const scope = weightOf(metrics, 'S', scopes)
  const exploit = product([
    weightOf(metrics, 'AV', attackVector),
    weightOf(metrics, 'AC', attackComplexity),
    weightOf(metrics, 'PR', scope === 1 ? changedPrivileges : privileges),
    weightOf(metrics, 'UI', userInteraction),
  ])
  const kept = product(['C', 'I', 'A'].map(name => remaining(weightOf(metrics, name, impacts))))
  if (scope === undefined || exploit === undefined || kept === undefined) return undefined
  const base = 1 - kept
  const impact = scope === 0 ? 6.42 * base : 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15
  if (impact <= 0) return 0
  return roundUp(Math.min((scope === 0 ? 1 : 1.08) * (impact + 8.22 * exploit), 10), prefix === 'CVSS:3.0/')
}

const remaining = (impact: number | undefined): number | undefined => (impact === undefined ? undefined : 1 - impact)

function product(factors: readonly (number | undefined)[]): number | undefined {
  return factors.reduce((left, right) => (left === undefined || right === undefined ? undefined : left * right), 1)
}

/** To one decimal. 3.1 defines it with integers (appendix A), as sums of binary fractions may lie just above the decimal that is meant. */
function roundUp(value: number, isV30: boolean): number {
  if (isV30) return Math.ceil(value * 10) / 10
  const integer = Math.round(value * 100_000)
  return integer % 10_000 === 0 ? integer / 100_000 : (Math.floor(integer / 10_000) + 1) / 10
}
