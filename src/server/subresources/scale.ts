// The scale of a workload: how many replicas it has and should have, as autoscaling/v1 Scale.

import type { ScalePaths } from '../../api/custom-resources/custom-kind.ts'
import { invalidValue } from '../../api/field-error.ts'
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../api/object.ts'
import { parentEntries, type ReplicasPaths, scaleEntries } from '../../api/patch/apply/scale-entries.ts'
import { trackUpdate } from '../../api/patch/apply/track-update.ts'
import { fieldAt } from '../../api/resources/custom-resource.ts'
import type { Column, ResourceDefinition, UpdateStrategy } from '../../api/resources/resource.ts'
import { ageColumn } from '../../api/resources/standard-columns.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { compileLabelSelector, formatLabelSelector } from '../../api/selectors/selector.ts'
import { badRequest, conflict, internalError, invalid, type Named, notFound } from '../../api/status.ts'
import type { Scale } from '../../api/types/autoscaling-v1.ts'
import { nameIsDnsSubdomain } from '../../api/validation/names.ts'
import { negativeMessage, validateObjectMeta } from '../../api/validation/object-meta.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { setOwn } from '../../base/data/own-property.ts'
import { objectReply } from '../answers/respond.ts'
import { subresourceWrite, type TrackFields } from '../objects/field-management.ts'
import { matchPlace } from '../objects/object-meta.ts'
import { updateObject } from '../objects/update-object.ts'
import { checkUid } from '../objects/update-preconditions.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import type { ResourceContext, ResourceHandler } from '../request/request-context.ts'
import { isApply } from '../request/write-options.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import { type Merged, readConfiguration } from '../verbs/apply.ts'
import { patchValue } from '../verbs/patch.ts'
import type { SubresourceParts } from './index.ts'

const kind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
/** The value that upstream reads of a custom resource without replicas, so that a change may set them. */
const unsetReplicas = -(2 ** 31)
const metadataOfScales = { namespaced: true, nameRule: nameIsDnsSubdomain }

/** As upstream prints a scale; the name without a format. */
const printed = {
  definition: {
    columns: [
      { name: 'Name', type: 'string', cell: ({ metadata }) => metadata.name ?? '' },
      { name: 'Desired', type: 'integer', cell: ({ spec }) => spec?.replicas ?? 0 },
      { name: 'Available', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
      ageColumn,
    ] satisfies Column<Scale>[],
  },
}

interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: unknown }
  status?: { replicas?: number }
}

export function scale({ writeParts }: Pick<SubresourceParts, 'writeParts'>): ResourceHandler {
  return async context => {
    const { served, info } = context
    if (info.verb === 'get') {
      const entry = served.collection.get(info.namespace, info.name)
      if (entry === undefined) throw notFound(missingNamed(served), info.name)
      if (served.conversion) await served.conversion.prepare([entry], context.request.signal)
      return objectReply(context, printed, scaleOf(context, served.view.object(entry)))
    }
    const change = await readChange(context)
    const dryRun = isDryRun(context.query.all('dryRun'))
    const written = await updateObject(writeParts, context, {
      namespace: info.namespace,
      name: info.name,
      subresource: 'scale',
      answers: 200,
      dryRun,
      ...(change.sent === undefined ? {} : { sent: change.sent }),
      strategy: parentStrategy(served.definition),
      shows(object, old) {
        const shown = scaleOf(context, object)
        return {
          ...{ operation: 'UPDATE', object: shown, oldObject: scaleOf(context, old, unsetReplicas) },
          adopt: () => setReplicas(context, object, shown.spec?.replicas ?? 0),
        }
      },
      track: change.track,
      async next(old) {
        const wanted = await change.wanted(old)
        matchPlace(wanted.metadata, info, served.definition.namespaced)
        // The uid of a whole scale is a demand on the parent, that of a patched one is validated with the rest of it.
        if (change.sent !== undefined) checkUid(served, { ...info, dryRun }, change.sent, old.metadata)
        return scaled(context, wanted, copyJson(old))
      },
    })
    return objectReply(context, printed, scaleOf(context, written.object))
  }
}

/** How a request changes a scale: a whole one, a patch of it, or an apply. */
interface ScaleChange {
  readonly sent?: ObjectMeta
  readonly track: TrackFields
  wanted(parent: Scalable): Promise<Scale>
}

async function readChange(context: ResourceContext): Promise<ScaleChange> {
  const write = subresourceWrite(context, kind)
  if (isApply(context)) {
    const { namesVersion, merge } = await readConfiguration(context, write, kind)
    return tracked(context, async live => {
      const { object, entries } = await merge(live)
      if (!namesVersion()) delete object.metadata.resourceVersion
      return { object, entries }
    })
  }
  const updated = async (live: KubeObject, object: KubeObject): Promise<Merged> => {
    const { managedFields: _sent, ...metadata } = object.metadata
    return { object, entries: await trackUpdate(live, { ...object, metadata }, undefined, write) }
  }
  if (context.info.verb === 'update') {
    const sent = await decodeBody(context, kind)
    matchPlace(sent.metadata, context.info, context.served.definition.namespaced)
    return { sent: sent.metadata, ...tracked(context, live => updated(live, sent)) }
  }
  const patch = await patchValue(context, kind)
  return tracked(context, async live => updated(live, await patch(live)))
}

/** Managers of the parent's replicas act as those of the Scale while it is changed. */
function tracked(context: ResourceContext, change: (live: KubeObject) => Promise<Merged>): ScaleChange {
  const paths = replicasPaths(context.served)
  let entries: ManagedFieldsEntry[] | undefined
  return {
    track: async () => entries,
    async wanted(parent) {
      const { managedFields } = parent.metadata
      const live = scaleOf(context, parent, unsetReplicas)
      const ofScale = scaleEntries(managedFields, paths)
      const changed = await change({ ...live, metadata: { ...live.metadata, ...(ofScale && { managedFields: ofScale }) } })
      entries = parentEntries(managedFields, changed.entries, paths)
      return changed.object as Scale
    },
  }
}

function replicasPaths({ apiVersion, versions }: ServedResource): ReplicasPaths {
  return {
    apiVersion,
    pathIn(version) {
      const definition = versions.get(version)?.definition
      if (definition === undefined) return undefined
      return definition.custom === undefined ? ['spec', 'replicas'] : (definition.custom.scalePaths?.specReplicas ?? null)
    },
  }
}

function scaled(context: ResourceContext, wanted: Scale, parent: Scalable): KubeObject {
  const replicas = wanted.spec?.replicas ?? 0
  const scalePaths = context.served.definition.custom?.scalePaths
  if (scalePaths !== undefined && replicas === unsetReplicas) throw badRequest(`${replicasField(scalePaths)} cannot be empty`)
  const errors = context.served.definition.custom === undefined ? validateObjectMeta(wanted.metadata, metadataOfScales) : []
  if (replicas < 0) errors.push(invalidValue('spec.replicas', replicas, negativeMessage))
  if (errors.length > 0) throw invalid(kind, context.info.name, errors)
  const { uid, resourceVersion } = wanted.metadata
  if (uid && uid !== parent.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${parent.metadata.uid ?? ''}`
    throw conflict(scaleNamed(context.served.named), context.info.name, why)
  }
  setReplicas(context, parent, replicas)
  if (resourceVersion) parent.metadata.resourceVersion = resourceVersion
  else delete parent.metadata.resourceVersion
  // Around replicas that were the first of their spec the schema has its defaults.
  return context.served.definition.custom?.adopt(parent) ?? parent
}

function setReplicas({ served }: ResourceContext, parent: Scalable, replicas: number): void {
  const scalePaths = served.definition.custom?.scalePaths
  if (scalePaths === undefined) parent.spec = { ...parent.spec, replicas }
  else putAt(parent, scalePaths.specReplicas, replicas)
}

const scaleNamed = ({ group, plural }: Named): Named => ({ group, plural: `${plural}/scale` })

/** How upstream names a scale that it does not find to read; a change of it misses the parent. */
function missingNamed({ named, groupResource }: ServedResource): Named {
  switch (groupResource) {
    case 'replicationcontrollers':
      return { ...scaleNamed(named), group: kind.group }
    case 'deployments.apps':
    case 'replicasets.apps':
      return scaleNamed(named)
    default:
      return named
  }
}

/** A change of scale is validated as any other change of the parent. */
function parentStrategy({ prepare, validateUpdate, validate }: ResourceDefinition): UpdateStrategy<KubeObject> {
  return {
    ...(prepare === undefined ? {} : { prepare }),
    validate: (object, old) => (validateUpdate === undefined ? validate?.(object) : validateUpdate(object, old)) ?? [],
  }
}

/** `unset` is the value for a custom resource without replicas; without it such a resource has no scale. */
function scaleOf(context: ResourceContext, parent: Scalable, unset?: number): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata
  const { desired, actual, selector } = readScale(context, parent, unset)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      creationTimestamp: creationTimestamp ?? null,
    },
    spec: desired === 0 ? {} : { replicas: desired },
    status: { replicas: actual, ...(selector === '' ? {} : { selector }) },
  }
}

interface ReadScale {
  readonly desired: number
  readonly actual: number
  readonly selector: string
}

/** A custom resource has its scale at the definition's paths. */
function readScale(context: ResourceContext, parent: Scalable, unset: number | undefined): ReadScale {
  const scalePaths = context.served.definition.custom?.scalePaths
  if (scalePaths === undefined) {
    const { spec, status } = parent
    return { desired: spec?.replicas ?? 0, actual: status?.replicas ?? 0, selector: selectorText(context, spec?.selector) }
  }
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const desired = fieldAt(parent, scalePaths.specReplicas) ?? unset
  if (desired === undefined) throw internalError(`${replicasField(scalePaths)} does not exist`)
  const selector = scalePaths.selector === undefined ? '' : fieldAt(parent, scalePaths.selector)
  return {
    desired: number(desired),
    actual: number(fieldAt(parent, scalePaths.statusReplicas)),
    selector: typeof selector === 'string' ? selector : '',
  }
}

const replicasField = ({ specReplicas }: ScalePaths): string => `the spec replicas field ".${specReplicas.join('.')}"`

function putAt(object: object, path: readonly string[], value: unknown): void {
  let at = object as Record<string, unknown>
  for (const name of path.slice(0, -1)) {
    const next = isRecord(at[name]) ? at[name] : {}
    setOwn(at, name, next)
    at = next
  }
  setOwn(at, path.at(-1) ?? '', value)
}

/** A ReplicationController's selector is a map, the others' a LabelSelector. */
function selectorText({ served }: ResourceContext, selector: unknown): string {
  if (typeof selector !== 'object' || selector === null) return ''
  if (served.groupResource === 'replicationcontrollers')
    return formatLabelSelector(compileLabelSelector({ matchLabels: selector as Record<string, string> }))
  return formatLabelSelector(compileLabelSelector(selector))
}
