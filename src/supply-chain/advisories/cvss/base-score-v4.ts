// The base score of CVSS 4.0 (first.org/cvss/v4.0/specification-document, section 8): the score of the macro vector, less how far the vector is from the most
// severe ones of it.
import { macroVectors } from './macro-vectors-v4.ts'
import { parseMetrics, weightOf } from './metrics.ts'

/** Levels of each metric, in steps of a tenth. */
const levels = {
  ...{ AV: { N: 0, A: 1, L: 2, P: 3 }, PR: { N: 0, L: 1, H: 2 }, UI: { N: 0, P: 1, A: 2 }, AC: { L: 0, H: 1 }, AT: { N: 0, P: 1 } },
  ...{ VC: { H: 0, L: 1, N: 2 }, VI: { H: 0, L: 1, N: 2 }, VA: { H: 0, L: 1, N: 2 } },
  ...{ SC: { H: 1, L: 2, N: 3 }, SI: { H: 1, L: 2, N: 3 }, SA: { H: 1, L: 2, N: 3 } },
} as const
type Metric = keyof typeof levels
type Levels = Readonly<Record<Metric, number>>
const metricNames = ['AV', 'PR', 'UI', 'AC', 'AT', 'VC', 'VI', 'VA', 'SC', 'SI', 'SA'] as const satisfies readonly Metric[]

interface Group {
  readonly metrics: readonly Metric[]
  /** By level: the most severe vectors of it, as levels of the metrics. */
  readonly most: readonly (readonly (readonly number[])[])[]
  /** By level: how many steps it has. */
  readonly depth: readonly number[]
}

const eq1: Group = {
  metrics: ['AV', 'PR', 'UI'],
  most: [
    [[0, 0, 0]],
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    [
      [3, 0, 0],
      [1, 1, 1],
    ],
  ],
  depth: [1, 4, 5],
}
const eq2: Group = {
  metrics: ['AC', 'AT'],
  most: [
    [[0, 0]],
    [
      [1, 0],
      [0, 1],
    ],
  ],
  depth: [1, 2],
}
/** With EQ6: without environmental metrics, its level is 0 if one of the three is high, and 1 if none is. */
const eq3: Group = {
  metrics: ['VC', 'VI', 'VA'],
  most: [
    [[0, 0, 0]],
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
    [[1, 1, 1]],
  ],
  depth: [7, 8, 10],
}
/** Level 0 needs environmental metrics. */
const eq4: Group = { metrics: ['SC', 'SI', 'SA'], most: [[], [[1, 1, 1]], [[2, 2, 2]]], depth: [6, 5, 4] }

/** 0 to 10 with one decimal; undefined if the text is no vector with all base metrics. Other metrics do not change the base score. */
export function baseScoreV4(vector: string): number | undefined {
  const prefix = 'CVSS:4.0/'
  const metrics = vector.startsWith(prefix) ? parseMetrics(vector.slice(prefix.length)) : undefined
  const of = metrics === undefined ? undefined : levelsOf(metrics)
  if (of === undefined) return undefined
  const { VC, VI, VA, SC, SI, SA } = of
  if (VC === 2 && VI === 2 && VA === 2 && SC === 3 && SI === 3 && SA === 3) return 0
  const [one, two, three, four] = [levelOfEq1(of), of.AC === 0 && of.AT === 0 ? 0 : 1, levelOfEq3(of), [SC, SI, SA].includes(1) ? 1 : 2]
  const six = three === 2 ? 1 : 0
  const score = scoreOf(one, two, three, four, 0, six)
  if (score === undefined) return undefined
  const lower = [
    { next: scoreOf(one + 1, two, three, four, 0, six), part: partOf(eq1, one, of) },
    { next: scoreOf(one, two + 1, three, four, 0, six), part: partOf(eq2, two, of) },
    { next: lowerOfEq3(one, two, three, four), part: partOf(eq3, three, of) },
    { next: scoreOf(one, two, three, four + 1, 0, six), part: partOf(eq4, four, of) },
    { next: scoreOf(one, two, three, four, 1, six), part: 0 },
  ].flatMap(({ next, part }) => (next === undefined ? [] : [(score - next) * part]))
  const mean = lower.length === 0 ? 0 : lower.reduce((sum, each) => sum + each, 0) / lower.length
  return Math.round(Math.min(10, Math.max(0, score - mean)) * 10 + 1e-7) / 10
}

function levelsOf(metrics: ReadonlyMap<string, string>): Levels | undefined {
  const found: Partial<Record<Metric, number>> = {}
  for (const name of metricNames) {
    const level = weightOf(metrics, name, levels[name])
    if (level === undefined) return undefined
    found[name] = level
  }
  const { AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA } = found
  if (AV === undefined || PR === undefined || UI === undefined || AC === undefined || AT === undefined || VC === undefined) return undefined
  if (VI === undefined || VA === undefined || SC === undefined || SI === undefined || SA === undefined) return undefined
  return { AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA }
}

const scoreOf = (...digits: readonly number[]): number | undefined => macroVectors.get(digits.join(''))

function levelOfEq1({ AV, PR, UI }: Levels): number {
  if (AV === 0 && PR === 0 && UI === 0) return 0
  return AV !== 3 && (AV === 0 || PR === 0 || UI === 0) ? 1 : 2
}

function levelOfEq3({ VC, VI, VA }: Levels): number {
  if (VC === 0 && VI === 0) return 0
  return VC === 0 || VI === 0 || VA === 0 ? 1 : 2
}

/** EQ3 and EQ6 depend on each other: of two ways down, the one with the higher score counts. */
function lowerOfEq3(one: number, two: number, three: number, four: number): number | undefined {
  if (three === 2) return undefined
  if (three === 1) return scoreOf(one, two, 1, four, 0, 1)
  const found = [scoreOf(one, two, 0, four, 0, 1), scoreOf(one, two, 1, four, 0, 0)].filter(score => score !== undefined)
  return found.length === 0 ? undefined : Math.max(...found)
}

/** How far it is from the most severe vectors of the level, of the steps that the level has. */
function partOf({ metrics, most, depth }: Group, level: number, of: Levels): number {
  for (const vector of most[level] ?? []) {
    const distances = metrics.map((name, at) => of[name] - (vector[at] ?? 0))
    if (distances.every(distance => distance >= 0)) return distances.reduce((sum, each) => sum + each, 0) / (depth[level] ?? 1)
  }
  return 0
}
