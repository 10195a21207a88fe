// What `bulkhead check` says of a place in a file.
import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import type { Severity } from '../../assess/manifest-check.ts'

export interface NamedObject {
  readonly apiVersion: string
  readonly kind: string
  /** Absent at the cluster scope. */
  readonly namespace?: string
  readonly name: string
}

/** `Deployment team/web`. */
export const objectName = ({ kind, namespace, name }: NamedObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

export interface Finding {
  /** The id of a check, the name of an admission plug-in, or one of `ownRules`. */
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** Absent where the text holds no object that could be named. */
  readonly object?: NamedObject
  /** Path below the object. */
  readonly field?: string
  /** The folder whose kustomization made the object; `file` then says where it comes from. */
  readonly renderedFrom?: string
  /** A JSON patch of the object with which it would pass. */
  readonly fix?: readonly PatchOperation[]
}

/** Rules beside the checks and the plug-ins of admission. */
export const ownRules = {
  syntax: 'The text is YAML or JSON',
  'not-a-manifest': 'Documents have apiVersion, kind and metadata',
  'unknown-kind': 'The kind is known: a built-in one, or one of a CustomResourceDefinition among what is checked or in the cluster',
  decoding: 'Fields are those of the kind, each of its type',
  validation: 'Values are valid',
  conflict: 'The object does not contradict what is there',
  refused: 'The server accepts the object',
  'api-warning': 'The server warns of nothing',
  'filled-in': 'The manifest says what the cluster would fill in',
  'expired-exception': 'Exceptions of the configuration have not expired',
  'unused-exception': 'Exceptions of the configuration are needed',
  'not-asked': 'The cluster itself judged the object',
  'fixed-by-guess': 'What --fix wrote holds for what it cannot see',
  'helm-chart': 'Charts are rendered before they are checked',
} as const

const ranks: readonly Severity[] = ['note', 'warning', 'error']

/** Greater is worse. */
export const rankOf = (severity: Severity): number => ranks.indexOf(severity)
