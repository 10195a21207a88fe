// The level and version of a namespace, read from its labels as upstream does.
import { type FieldError, invalidValue } from '../../api/field-error.ts'

export type Level = 'privileged' | 'baseline' | 'restricted'
export type Mode = 'enforce' | 'audit' | 'warn'

/** `minor` is the minor version of Kubernetes 1.x, or 'latest'. */
export interface LevelVersion {
  readonly level: Level
  readonly minor: number | 'latest'
}

export type PodSecurityPolicy = Readonly<Record<Mode, LevelVersion>>

const prefix = 'pod-security.kubernetes.io/'
export const modes: readonly Mode[] = ['enforce', 'audit', 'warn']
export const levels: readonly string[] = ['privileged', 'baseline', 'restricted'] satisfies Level[]
export const isLevel = (value: string): value is Level => levels.includes(value)
const versionPattern = /^v1\.([0-9]|[1-9][0-9]*)$/

export const uniformPolicy = (level: Level): PodSecurityPolicy => {
  const value = { level, minor: 'latest' } as const
  return { enforce: value, audit: value, warn: value }
}

/** `restricted:latest`, `baseline:v1.24` */
export const formatLevelVersion = ({ level, minor }: LevelVersion): string => `${level}:${minor === 'latest' ? 'latest' : `v1.${minor}`}`

/** The strictness of a level, for comparison. */
export const strictness = (level: Level): number => levels.indexOf(level)

/** Whether it may admit pods that the other refuses: a lower level, or an older version, which had fewer rules. */
export function isLooser(policy: LevelVersion, than: LevelVersion): boolean {
  const age = ({ minor }: LevelVersion) => (minor === 'latest' ? Number.POSITIVE_INFINITY : minor)
  return strictness(policy.level) < strictness(than.level) || (than.level !== 'privileged' && age(policy) < age(than))
}

/**
 * The policy of a namespace with these labels; `defaults` replace missing labels. An invalid label is an error and counts as restricted for
 * enforce, and as privileged for the other modes, as upstream.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: PodSecurityPolicy,
): { policy: PodSecurityPolicy; errors: FieldError[] } {
  if (labels === undefined) return { policy: defaults, errors: [] }
  const errors: FieldError[] = []
  const read = (mode: Mode): LevelVersion => {
    const level = own(labels, `${prefix}${mode}`)
    const version = own(labels, `${prefix}${mode}-version`)
    let result = defaults[mode]
    if (level !== undefined) {
      if (isLevel(level)) result = { ...result, level }
      else {
        errors.push(invalidValue(`metadata.labels[${prefix}${mode}]`, level, `must be one of ${levels.join(', ')}`))
        result = { level: mode === 'enforce' ? 'restricted' : 'privileged', minor: 'latest' }
      }
    }
    if (version !== undefined) {
      const minor = version === 'latest' ? version : minorOf(version)
      if (minor === undefined) errors.push(invalidValue(`metadata.labels[${prefix}${mode}-version]`, version, 'must be "latest" or "v1.x"'))
      else result = { ...result, minor }
    }
    return result
  }
  const enforce = read('enforce')
  const audit = read('audit')
  let warn = read('warn')
  // A namespace that only enforces also warns, so that workloads report faults before their pods fail.
  if (
    own(labels, `${prefix}warn`) === undefined &&
    own(labels, `${prefix}enforce`) !== undefined &&
    strictness(enforce.level) > strictness(warn.level)
  )
    warn = enforce
  return { policy: { enforce, audit, warn }, errors }
}

/** `v1.24` -> 24; undefined for anything else. */
export function minorOf(version: string): number | undefined {
  const digits = versionPattern.exec(version)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The modes for which the namespace has labels. */
export function labelled(labels: Readonly<Record<string, string>> | undefined): Mode[] {
  if (labels === undefined) return []
  return modes.filter(mode => own(labels, `${prefix}${mode}`) !== undefined || own(labels, `${prefix}${mode}-version`) !== undefined)
}

export const samePolicy = (a: PodSecurityPolicy, b: PodSecurityPolicy): boolean =>
  modes.every(mode => formatLevelVersion(a[mode]) === formatLevelVersion(b[mode]))

const own = (labels: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined
