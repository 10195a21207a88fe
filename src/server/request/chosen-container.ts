// Chooses the container of a pod for log, exec and attach.

import { containersOf } from '../../api/pods/containers-of.ts'
import { badRequest } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'

/** Throws upstream's 400 if the choice is ambiguous or the container does not exist. `wanted` is '' or undefined if the client named none. */
export function chosenContainer({ metadata, spec }: Pod, wanted: string | undefined): string {
  const name = metadata.name ?? ''
  const names = spec === undefined ? [] : containersOf(spec).map(({ container }) => container.name)
  if (wanted) {
    if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`)
    return wanted
  }
  const [first, ...others] = spec?.containers ?? []
  if (first === undefined) throw badRequest(`a container name must be specified for pod ${name}`)
  if (others.length > 0) throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
  return first.name
}
