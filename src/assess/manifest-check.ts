// One rule for manifests beside admission: what it checks, which standards require it, and its findings.
import type { PatchOperation } from '../api/patch/json-patch-between.ts'
import type { CheckedObject, ObjectSet } from './object-set.ts'

/** `error`: must not be deployed; `warning`: weaker than possible; `note`: worth a look. */
export type Severity = 'error' | 'warning' | 'note'

export interface CheckFinding {
  readonly on: CheckedObject
  /** Path within the object: `spec.template.spec.containers[0].image`; '' for the whole object. */
  readonly field: string
  readonly message: string
  /** A patch of the object that fixes the finding; absent if only the author can know the right value. */
  readonly fix?: readonly PatchOperation[]
}

export interface ManifestCheck {
  /** In kebab case, as the name of its file. */
  readonly id: string
  readonly severity: Severity
  /** One line for lists of rules. */
  readonly title: string
  /** Goals of docs/status.md and rules of standards, such as `CIS 5.1.3`, that the check covers. */
  readonly serves: readonly string[]
  /** Pure. Must not change the objects. */
  check(set: ObjectSet): CheckFinding[]
}
