// The base score of CVSS 2.0 (first.org/cvss/v2/guide, section 3.2.1), for old advisories.
import { parseMetrics, weightOf } from './metrics.ts'

const accessVector = { L: 0.395, A: 0.646, N: 1 }
const accessComplexity = { H: 0.35, M: 0.61, L: 0.71 }
const authentication = { M: 0.45, S: 0.56, N: 0.704 }
const impacts = { N: 0, P: 0.275, C: 0.66 }

/** 0 to 10 with one decimal; undefined if the text is no vector with all base metrics. */
export function baseScoreV2(vector: string): number | undefined {
  const metrics = parseMetrics(vector.startsWith('CVSS:2.0/') ? vector.slice('CVSS:2.0/'.length) : vector)
  if (metrics === undefined) return undefined
  const av = weightOf(metrics, 'AV', accessVector)
  const ac = weightOf(metrics, 'AC', accessComplexity)
  const au = weightOf(metrics, 'Au', authentication)
  const [c, i, a] = ['C', 'I', 'A'].map(name => weightOf(metrics, name, impacts))
  if (av === undefined || ac === undefined || au === undefined || c === undefined || i === undefined || a === undefined) return undefined
  const impact = 10.41 * (1 - (1 - c) * (1 - i) * (1 - a))
  if (impact === 0) return 0
  return Math.round((0.6 * impact + 0.4 * (20 * av * ac * au) - 1.5) * 1.176 * 10) / 10
}
