// Every start of a container asks the registry: an image that another pod left on the node can only be used by pods that may pull it.
import { formatFieldError, notSupported } from '../../api/field-error.ts'
import { aggregated } from '../../api/go-text/aggregate-message.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import { forbidden } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

export const alwaysPullImages: PluginDefinition = {
  name: 'AlwaysPullImages',
  does: 'Makes every container start ask the registry, so that only pods that may pull an image use it',
  on: 'requested',
  handles: [
    { operations: ['CREATE'], resources: ['pods'] },
    { operations: ['UPDATE'], resources: ['pods', 'pods/ephemeralcontainers'] },
  ],
  create: () => ({
    handles: request => request.operation === 'CREATE' || hasNewImages(request),
    async mutate({ object }) {
      const pod = object as Pod
      for (const { container } of containersOf(pod.spec)) container.imagePullPolicy = 'Always'
      for (const { image } of pod.spec.volumes ?? []) if (image !== undefined) image.pullPolicy = 'Always'
    },
    async validate({ object, resource, name }) {
      const pod = object as Pod
      const errors = containersOf(pod.spec).flatMap(({ container, path }) =>
        container.imagePullPolicy === 'Always'
          ? []
          : [notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy ?? '', ['Always'])],
      )
      if (errors.length === 0) return admitted
      return { allowed: false, error: forbidden(resource, name, aggregated(errors.map(formatFieldError))) }
    },
  }),
}

function hasNewImages({ object, oldObject }: AdmissionRequest): boolean {
  const known = new Set(containersOf((oldObject as Pod).spec).map(({ container }) => container.image))
  return containersOf((object as Pod).spec).some(({ container }) => !known.has(container.image))
}
