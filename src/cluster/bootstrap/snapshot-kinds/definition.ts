// What the definitions of snapshots have in common.
import type { KubeObject } from '../../../api/object.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from '../../../api/types/apiextensions-v1.ts'
import { snapshotGroup } from '../../../api/volumes/snapshot-names.ts'

interface SnapshotKind {
  readonly kind: string
  readonly plural: string
  readonly shortNames: string[]
  readonly scope: 'Cluster' | 'Namespaced'
  readonly approval: string
  readonly columns: NonNullable<CustomResourceDefinitionVersion['additionalPrinterColumns']>
  readonly hasStatus: boolean
  readonly schema: JSONSchemaProps
}

export const definition = (given: SnapshotKind): KubeObject & CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${given.plural}.${snapshotGroup}`,
    annotations: { 'api-approved.kubernetes.io': `https://github.com/kubernetes-csi/external-snapshotter/pull/${given.approval}` },
  },
  spec: {
    group: snapshotGroup,
    names: {
      kind: given.kind,
      listKind: `${given.kind}List`,
      plural: given.plural,
      shortNames: given.shortNames,
      singular: given.kind.toLowerCase(),
    },
    scope: given.scope,
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        additionalPrinterColumns: [...given.columns, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
        schema: { openAPIV3Schema: given.schema },
        ...(given.hasStatus ? { subresources: { status: {} } } : {}),
      },
    ],
  },
})

export const text = (description: string): JSONSchemaProps => ({ type: 'string', description })
/** A rule of CEL, in upstream's words. */
export const rule = (expression: string, message: string) => ({ rule: expression, message })
export const immutable = (message: string) => [rule('self == oldSelf', message)]

export const errorSchema: JSONSchemaProps = {
  type: 'object',
  description: 'The last failure; absent after a success.',
  properties: {
    message: text('What failed. It may be logged, and holds no secret.'),
    time: { type: 'string', format: 'date-time', description: 'When it failed.' },
  },
}

export const readySchema: JSONSchemaProps = {
  type: 'boolean',
  description: 'Whether volumes can be restored from the snapshot; absent while that is unknown.',
}

/** The part of each schema that is the same for all kinds. */
export const typeFields: Record<string, JSONSchemaProps> = {
  apiVersion: text('The version of the schema of this object.'),
  kind: text('The kind of this object.'),
}
