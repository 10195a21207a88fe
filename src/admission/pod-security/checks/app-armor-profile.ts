import { containersOf } from '../../../api/pods/containers-of.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers, plural, quoted, sortedSet } from '../wording.ts'

const annotationPrefix = 'container.apparmor.security.beta.kubernetes.io/'
const allowedType = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'
const allowedAnnotation = (value: string): boolean => value === '' || value === 'runtime/default' || value.startsWith('localhost/')

/** Without its AppArmor profile a container reaches files and mounts of the kernel that the profile closes. */
export const appArmorProfile: PodSecurityCheck = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ metadata, spec, visited }) {
        const podType = spec.securityContext?.appArmorProfile?.type
        const pod = podType !== undefined && !allowedType(podType)
        const bad = visited.filter(({ container }) => {
          const profile = container.securityContext?.appArmorProfile
          return profile !== undefined && !allowedType(profile.type)
        })
        const annotations = Object.entries(metadata.annotations ?? {})
          .filter(([key, value]) => key.startsWith(annotationPrefix) && !allowedAnnotation(value))
          .map(([key, value]) => `${key}=${writeJson(value)}`)
          .sort()
        if (!pod && bad.length === 0 && annotations.length === 0) return passed
        const types = bad.map(({ container }) => container.securityContext?.appArmorProfile?.type ?? '')
        const values = [...sortedSet(pod ? [podType, ...types] : types), ...annotations]
        const who = [
          ...(pod ? ['pod'] : []),
          ...(bad.length > 0 ? [containers(bad.map(({ container }) => container.name))] : []),
          ...(annotations.length > 0 ? [plural('annotation', 'annotations', annotations.length)] : []),
        ]
        return {
          allowed: false,
          reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length),
          detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
          fields: [
            ...(pod ? ['spec.securityContext.appArmorProfile.type'] : []),
            ...bad.map(({ path }) => `${path}.securityContext.appArmorProfile.type`),
            ...(annotations.length > 0 ? ['metadata.annotations'] : []),
          ],
        }
      },
    },
  ],
  fix({ metadata, spec }) {
    for (const { securityContext } of [spec, ...containersOf(spec).map(({ container }) => container)])
      if (securityContext?.appArmorProfile && !allowedType(securityContext.appArmorProfile.type)) delete securityContext.appArmorProfile
    for (const [key, value] of Object.entries(metadata.annotations ?? {}))
      if (key.startsWith(annotationPrefix) && !allowedAnnotation(value)) delete metadata.annotations?.[key]
  },
}
