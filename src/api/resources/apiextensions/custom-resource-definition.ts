// apiextensions.k8s.io/v1 CustomResourceDefinition.
import { withCondition } from '../../custom-resources/conditions.ts'
import type { CustomResourceDefinition } from '../../types/apiextensions-v1.ts'
import { keepLifeMetadata } from '../core/status-path.ts'
import { defineResource } from '../resource.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateDefinition, validateDefinitionStatus, validateDefinitionUpdate } from './definition-validation.ts'

/** Keeps a definition until its objects are deleted. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** The first one counts; validation rejects a second. */
const storageVersion = ({ spec }: CustomResourceDefinition): string | undefined => spec.versions?.find(({ storage }) => storage)?.name

export const customResourceDefinition = defineResource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  // The largest manifests, with schemas of several versions; administrators write them.
  serving: { maxValues: 200_000 },
  namespaced: false,
  allowUnconditionalUpdate: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  subresources: [
    statusSubresource<CustomResourceDefinition>({
      // Upstream's strategy resets the metadata to the request's, and still lists it as reset: labels and annotations are written, and have
      // no manager. Upstream does the same with finalizers and owners, but the right to write a status must not let a client delete every
      // object of the kind.
      prepare: (object, old) => keepLifeMetadata(object.metadata, old.metadata),
      resetFields: ['metadata'],
      validate: validateDefinitionStatus,
    }),
  ],
  setDefaults({ spec }) {
    const { names } = spec
    if (!names.singular) names.singular = names.kind.toLowerCase()
    if (!names.listKind && names.kind !== '') names.listKind = `${names.kind}List`
    spec.conversion ??= { strategy: 'None' }
    const service = spec.conversion.webhook?.clientConfig?.service
    if (service !== undefined) service.port ??= 443
  },
  prepareForCreate(object) {
    const stored = storageVersion(object)
    object.status = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: stored === undefined ? [] : [stored] }
  },
  prepare(object, old) {
    keepStatus(object, old)
    if (object.status === undefined) return
    // A version that may have been stored stays listed until its objects are migrated.
    const listed = object.status.storedVersions ?? []
    const stored = storageVersion(object)
    if (stored !== undefined && !listed.includes(stored)) object.status = { ...object.status, storedVersions: [...listed, stored] }
  },
  deletion: {
    skipsGracePeriod: true,
    begin(object, now) {
      const { metadata, status } = object
      if (!metadata.finalizers?.includes(cleanupFinalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), cleanupFinalizer]
      const pending = {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      } as const
      if (status !== undefined) object.status = { ...status, conditions: withCondition(status.conditions ?? [], pending, now) }
    },
  },
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
})
