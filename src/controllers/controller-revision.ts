// The history of pod templates of DaemonSets and StatefulSets as ControllerRevisions, which `kubectl rollout history` and `undo` read.
import type { KubeObject } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { ControllerRevision } from '../api/types/apps-v1.ts'
import type { PodTemplateSpec } from '../api/types/core-v1.ts'
import type { LabelSelector } from '../api/types/meta-v1.ts'
import { selects } from '../client/cache/label-selector.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import { controllerRevisions } from '../client/resources.ts'
import type { Context } from './controller.ts'
import { controllerOf, controllerReference, planOwnership } from './owner.ts'
import { canonical, hashTemplate } from './replicas/pod-template-hash.ts'
import { applyClaim } from './volumes/claim.ts'

/** On pods: the hash (DaemonSet) or the name (StatefulSet) of their revision. */
export const revisionLabel = 'controller-revision-hash'

export interface RevisionOwner<T extends KubeObject> {
  readonly object: T
  readonly resource: ResourceRef<T>
  readonly selector: LabelSelector | null | undefined
  readonly template: PodTemplateSpec
  readonly collisionCount: number | undefined
  /** The label with the hash on the revision itself. */
  readonly hashLabel: string
}

export interface History {
  /** The revision of the current template. */
  readonly update: ControllerRevision
  /** Oldest first, `update` last. */
  readonly all: readonly ControllerRevision[]
  readonly collisionCount: number | undefined
}

/** Adopts the owner's revisions, and creates or renumbers the one of its template. */
export async function keepHistory<T extends KubeObject>(context: Context, owner: RevisionOwner<T>, signal: AbortSignal): Promise<History> {
  const { object, resource, selector } = owner
  const { client, informers } = context
  const candidates = informers.full(controllerRevisions).list(object.metadata.namespace)
  const claim = planOwnership(object, candidates, ({ metadata }) => selects(selector, metadata.labels))
  const known = inOrder(await applyClaim(context, object, resource, controllerRevisions, claim, signal))
  const data = revisionData(owner.template)
  const next = (known.at(-1)?.revision ?? 0) + 1
  const equal = known.findLast(revision => sameData(revision.data, data))
  if (equal === undefined) {
    const { revision, collisionCount } = await create(context, owner, data, next, signal)
    return {
      update: revision,
      all: inOrder([...known.filter(({ metadata }) => metadata.uid !== revision.metadata.uid), revision]),
      collisionCount,
    }
  }
  if (equal === known.at(-1)) return { update: equal, all: known, collisionCount: owner.collisionCount }
  // Back to an older template: its revision becomes the newest.
  const update = await client.update(controllerRevisions, { ...equal, revision: next }, signal)
  return { update, all: [...known.filter(revision => revision !== equal), update], collisionCount: owner.collisionCount }
}

function inOrder(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const createdAt = ({ metadata }: ControllerRevision) => metadata.creationTimestamp ?? ''
  return [...revisions].sort((a, b) => {
    if (a.revision !== b.revision) return a.revision - b.revision
    if (createdAt(a) !== createdAt(b)) return createdAt(a) < createdAt(b) ? -1 : 1
    return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
  })
}

/**
 * A strategic merge patch that replaces the template. Byte for byte what upstream's controllers write, with ordered keys and the null of an
 * unset time, because clients compare texts to find the revision of a template.
 */
function revisionData(template: PodTemplateSpec): unknown {
  return inKeyOrder({ spec: { template: { ...template, metadata: { ...template.metadata, creationTimestamp: null }, $patch: 'replace' } } })
}

function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, child]) => [key, inKeyOrder(child)]))
}

function sameData(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

/**
 * The template in a revision. Of its metadata only labels, annotations and finalizers are used: a user who can write revisions must not choose
 * the namespace, name or owner of pods that the controller creates (CVE-2026-2270). Undefined if it has none.
 */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const template = field(field(data, 'spec'), 'template')
  const spec = field(template, 'spec')
  if (spec === undefined || !Array.isArray(field(spec, 'containers'))) return undefined
  const metadata = field(template, 'metadata')
  const labels = strings(field(metadata, 'labels'))
  const annotations = strings(field(metadata, 'annotations'))
  const finalizers = field(metadata, 'finalizers')
  const names = Array.isArray(finalizers) ? finalizers.filter(name => typeof name === 'string') : []
  // The API server validates `spec` when the pod is created.
  return { metadata: { labels, annotations, ...(names.length === 0 ? {} : { finalizers: names }) }, spec: spec as PodTemplateSpec['spec'] }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1] ?? undefined
}

function strings(value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

async function create<T extends KubeObject>(
  { client }: Context,
  owner: RevisionOwner<T>,
  data: unknown,
  revision: number,
  signal: AbortSignal,
): Promise<{ revision: ControllerRevision; collisionCount: number | undefined }> {
  const { object, resource, template, hashLabel } = owner
  const { namespace = '', name = '' } = object.metadata
  let { collisionCount } = owner
  for (;;) {
    const hash = hashTemplate(template, collisionCount)
    const wanted: ControllerRevision = {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...template.metadata?.labels, [hashLabel]: hash },
        // `kubectl rollout history` shows the change cause of each revision.
        annotations: { ...object.metadata.annotations },
        ownerReferences: [controllerReference(object, resource)],
      },
      data,
      revision,
    }
    try {
      return { revision: await client.create(controllerRevisions, namespace, wanted, signal), collisionCount }
    } catch (err) {
      if (!isReason(err, 'AlreadyExists')) throw err
      const found = await client.get(controllerRevisions, namespace, wanted.metadata.name ?? '', signal)
      // Our own from a pass that the cache has not seen yet, or a hash collision.
      if (controllerOf(found)?.uid === object.metadata.uid && sameData(found.data, data)) return { revision: found, collisionCount }
      collisionCount = (collisionCount ?? 0) + 1
    }
  }
}

/** Unused revisions above the limit, oldest first. `live` holds names and hashes in use. */
export function planHistoryCleanup(
  all: readonly ControllerRevision[],
  live: ReadonlySet<string>,
  hashLabel: string,
  limit: number,
): ControllerRevision[] {
  const idle = all.filter(({ metadata }) => !live.has(metadata.name ?? '') && !live.has(metadata.labels?.[hashLabel] ?? ''))
  return idle.slice(0, Math.max(0, idle.length - limit))
}

export async function deleteRevisions({ client }: Context, revisions: readonly ControllerRevision[], signal: AbortSignal): Promise<void> {
  for (const { metadata } of revisions) {
    try {
      await client.delete(controllerRevisions, metadata.namespace ?? '', metadata.name ?? '', {}, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}
