// A finding of `bulkhead check` at a place in a file.
import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import type { Severity } from '../../assess/manifest-check.ts'

export interface NamedObject {
  readonly apiVersion: string
  readonly kind: string
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string
  readonly name: string
}

/** For example `Deployment team/web`. */
export const objectName = ({ kind, namespace, name }: NamedObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

export interface Finding {
  /** The id of a check, the name of an admission plug-in, or one of `ownRules`. */
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly column: number
  /** Absent if the text holds no object with a name. */
  readonly object?: NamedObject
  /** Path within the object. */
  readonly field?: string
  /** The folder whose kustomization rendered the object; `file` is then the source file. */
  readonly renderedFrom?: string
  /** A JSON patch that makes the object pass. */
  readonly fix?: readonly PatchOperation[]
}

/** Rules other than checks and admission plug-ins. */
export const ownRules = {
  syntax: 'The text is YAML or JSON',
  'not-a-manifest': 'Each document has apiVersion, kind and metadata',
  'unknown-kind': 'The kind is built in, or a CustomResourceDefinition among the manifests or in the cluster defines it',
  decoding: 'Fields belong to the kind and have the right type',
  validation: 'Values are valid',
  conflict: 'The object does not conflict with an existing one',
  refused: 'The server accepts the object',
  'api-warning': 'The server returns no warning',
  'filled-in': 'The manifest sets what the cluster would fill in',
  'expired-exception': 'Exceptions of the configuration have not expired',
  'unused-exception': 'Each exception of the configuration is used',
  'not-asked': 'The cluster itself evaluated the object',
  'fixed-by-guess': 'The values that --fix chose suit the image',
  'helm-chart': 'Charts are rendered before they are checked',
} as const

const ranks: readonly Severity[] = ['note', 'warning', 'error']

/** A greater rank is worse. */
export const rankOf = (severity: Severity): number => ranks.indexOf(severity)
