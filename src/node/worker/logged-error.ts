// Errors of a container's start quote its command and variables: of classified pods, and of those that get Secrets, logs show only where they come from.
import { labelOf } from '../../api/data-classes/classify.ts'
import { defaultClass, defaultHandling } from '../../api/data-classes/data-class.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { withoutMessage } from '../../base/log.ts'

/** What a log may show of an error about the pod. The pod has the class of its namespace as a label. */
export function loggedError({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>, err: unknown): unknown {
  const isClassified = defaultHandling[labelOf(metadata) ?? defaultClass].logs === 'redact'
  const getsSecrets = containersOf(spec).some(
    ({ container: { env = [], envFrom = [] } }) =>
      env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) || envFrom.some(({ secretRef }) => secretRef !== undefined),
  )
  return isClassified || getsSecrets ? withoutMessage(err) : err
}
