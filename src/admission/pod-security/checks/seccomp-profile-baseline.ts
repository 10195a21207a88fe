import { containersOf, type VisitedContainer } from '../../../api/pods/containers-of.ts'
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { plural, quoted, setters, sortedSet } from '../wording.ts'

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod'
const containerAnnotation = 'container.seccomp.security.alpha.kubernetes.io/'

export const allowedSeccomp = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'
const allowedAnnotation = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')

/** Where a forbidden profile is set explicitly; shared with the restricted check, which also forbids no profile. */
export function explicitSeccomp(spec: PodSpec, visited: readonly VisitedContainer[]) {
  const type = spec.securityContext?.seccompProfile?.type
  const pod = spec.securityContext?.seccompProfile !== undefined && !allowedSeccomp(type)
  const bad = visited.filter(
    ({ container }) =>
      container.securityContext?.seccompProfile !== undefined && !allowedSeccomp(container.securityContext.seccompProfile.type),
  )
  if (!pod && bad.length === 0) return passed
  const types = [...(pod ? [type ?? ''] : []), ...bad.map(({ container }) => container.securityContext?.seccompProfile?.type ?? '')]
  const who = setters(
    pod,
    bad.map(({ container }) => container.name),
  )
  return {
    allowed: false as const,
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(sortedSet(types))}`,
    fields: [...(pod ? ['spec'] : []), ...bad.map(({ path }) => path)].map(path => `${path}.securityContext.seccompProfile.type`),
  }
}

/** Unconfined allows a container every system call, including those of past kernel break-outs. */
export const seccompProfileBaseline: PodSecurityCheck = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ metadata, visited }) {
        const keys = [podAnnotation, ...visited.map(({ container }) => `${containerAnnotation}${container.name}`)]
        const annotations = metadata.annotations ?? {}
        const bad = sortedSet(
          keys.flatMap(key => {
            const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined
            return value === undefined || allowedAnnotation(value) ? [] : [`${key}=${writeJson(value)}`]
          }),
        )
        if (bad.length === 0) return passed
        return {
          allowed: false,
          reason: 'seccompProfile',
          detail: `forbidden ${plural('annotation', 'annotations', bad.length)} ${bad.join(', ')}`,
          fields: ['metadata.annotations'],
        }
      },
    },
    { since: 19, check: ({ spec, visited }) => explicitSeccomp(spec, visited) },
  ],
  fix({ spec }) {
    for (const { securityContext } of [spec, ...containersOf(spec).map(({ container }) => container)])
      if (securityContext?.seccompProfile && !allowedSeccomp(securityContext.seccompProfile.type)) delete securityContext.seccompProfile
  },
}
