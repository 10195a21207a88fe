// One rule for manifests beside admission: what it looks for, whose advice that is, and what it found.
import type { PatchOperation } from '../api/patch/json-patch-between.ts'
import type { CheckedObject, ObjectSet } from './object-set.ts'

/** `error`: nothing should be deployed like this; `warning`: weaker than it could be; `note`: worth a look. */
export type Severity = 'error' | 'warning' | 'note'

export interface CheckFinding {
  readonly on: CheckedObject
  /** Path below the object: `spec.template.spec.containers[0].image`; '' for the object as a whole. */
  readonly field: string
  readonly message: string
  /** A patch of the object that ends the finding; absent where only its author can know. */
  readonly fix?: readonly PatchOperation[]
}

export interface ManifestCheck {
  /** In kebab case, the name of its file. */
  readonly id: string
  readonly severity: Severity
  /** One line for lists of rules. */
  readonly title: string
  /** Goals of docs/status.md and rules of standards, such as `CIS 5.1.3`, that the check serves. */
  readonly serves: readonly string[]
  /** Pure. Must not change the objects. */
  check(set: ObjectSet): CheckFinding[]
}
