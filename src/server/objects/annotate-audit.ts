import type { KubeObject } from '../../api/object.ts'
import type { UpdateStrategy } from '../../api/resources/resource.ts'

/** What the kind of an object wants in the audit event of its write. */
export function annotateAudit(
  { auditAnnotations }: Pick<UpdateStrategy<KubeObject>, 'auditAnnotations'>,
  object: KubeObject,
  annotate: (key: string, value: string) => void,
): void {
  if (auditAnnotations === undefined) return
  for (const [key, value] of Object.entries(auditAnnotations(object))) annotate(key, value)
}
