// The store's collections, in the small interfaces by which access control and admission read them.

import type { JoinTickets } from '../access/authenticators/join-ticket.ts'
import type { BoundObjects, BoundResource } from '../access/authenticators/service-account-token.ts'
import type { CertificateRequests } from '../access/authorizers/join-ticket.ts'
import type { GraphKind, NodeGraphSource } from '../access/authorizers/node-graph.ts'
import type { BootstrapTokenSource } from '../access/bootstrap-tokens.ts'
import { parseDenials } from '../access/denied-credentials.ts'
import { ticketOfSecret } from '../access/join-ticket.ts'
import type { RbacKind, RbacObject, RbacSource } from '../access/rbac-object.ts'
import type { DenyList } from '../access/revocation.ts'
import type { ClusterChanges, ClusterReader } from '../admission/admission.ts'
import { tokenSecretNamespace, tokenSecretPrefix } from '../api/bootstrap-token.ts'
import { deniedCredentials } from '../api/denied-credentials-names.ts'
import { ticketNamespace, ticketSecretPrefix } from '../api/join-ticket-names.ts'
import type { KubeObject } from '../api/object.ts'
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { Secret } from '../api/types/core-v1.ts'
import type { Logger } from '../base/log.ts'
import { followChanges } from '../store/follow-changes.ts'
import type { Collection, Entry, Store, StoreEvent } from '../store/store.ts'

/** Objects of the stored version, frozen, as of now. */
export function clusterReader(store: Store): ClusterReader {
  const collection = collections(store)
  return {
    get: (groupResource, namespace, name) => collection(groupResource).get(namespace, name)?.object,
    list: (groupResource, namespace) =>
      collection(groupResource)
        .list(namespace === undefined ? {} : { namespace })
        .entries.map(({ object }) => object),
  }
}

/** `signal` ends the watches. */
export function clusterChanges(store: Store, signal: AbortSignal): ClusterChanges {
  const collection = collections(store)
  return { onChange: (groupResource, changed) => follow(collection(groupResource), store.revision, signal, () => changed()) }
}

const boundResources: readonly BoundResource[] = ['serviceaccounts', 'pods', 'secrets', 'nodes']

/** `signal` ends the watches. */
export function boundObjects(store: Store, signal: AbortSignal): BoundObjects {
  const collection = collections(store)
  const listeners = new Map(boundResources.map(resource => [resource, new Map<string, Set<() => void>>()]))
  for (const [resource, byName] of listeners) {
    followChanges(collection(resource), { after: store.revision, signal }, ({ event: { entry } }) => {
      for (const listener of [...(byName.get(`${entry.namespace}/${entry.name}`) ?? [])]) listener()
    })
  }
  return {
    get: (resource, namespace, name) => collection(resource).get(namespace, name)?.object,
    onChange(resource, namespace, name, listener) {
      const byName = listeners.get(resource)
      const key = `${namespace}/${name}`
      const some = byName?.get(key) ?? new Set()
      byName?.set(key, some)
      // A function of its own: the same one may be given twice.
      const own = () => listener()
      some.add(own)
      return () => {
        some.delete(own)
        if (some.size === 0) byName?.delete(key)
      }
    },
  }
}

export function joinTickets(store: Store): JoinTickets {
  const secrets = store.collection({ groupResource: 'secrets' })
  return {
    find(id) {
      const secret = secrets.get(ticketNamespace, `${ticketSecretPrefix}${id}`)?.object
      return secret === undefined ? undefined : ticketOfSecret(secret as Secret)
    },
  }
}

/** `signal` ends the watch. */
export function bootstrapTokenSource(store: Store, signal: AbortSignal): BootstrapTokenSource {
  const secrets = store.collection({ groupResource: 'secrets' })
  const isNamed = ({ name }: Entry): boolean => name.startsWith(tokenSecretPrefix)
  return {
    *each() {
      for (const entry of secrets.list({ namespace: tokenSecretNamespace }).entries) if (isNamed(entry)) yield entry.objectOnce as Secret
    },
    onChange: listener => {
      const some = { namespace: tokenSecretNamespace, concerns: ({ entry }: StoreEvent) => isNamed(entry) }
      follow(secrets, store.revision, signal, (object, deleted) => listener(object as Secret, deleted), some)
    },
  }
}

export function certificateRequests(store: Store): CertificateRequests {
  const requests = store.collection({ groupResource: 'certificatesigningrequests.certificates.k8s.io' })
  return { requesterOf: name => (requests.get('', name)?.object as CertificateSigningRequest | undefined)?.spec.username }
}

const rbacKinds: readonly (readonly [RbacKind, string])[] = [
  ['ClusterRole', 'clusterroles'],
  ['ClusterRoleBinding', 'clusterrolebindings'],
  ['Role', 'roles'],
  ['RoleBinding', 'rolebindings'],
]

/** `signal` ends the watches. */
export function rbacSource(store: Store, signal: AbortSignal): RbacSource {
  const kinds = rbacKinds.map(([kind, plural]) => ({
    kind,
    collection: store.collection({ groupResource: `${plural}.rbac.authorization.k8s.io` }),
  }))
  // The schema of each resource decoded its objects: the kind names their type.
  const tagged = (kind: RbacKind, object: KubeObject) => ({ kind, object }) as RbacObject
  return {
    list: () => kinds.flatMap(({ kind, collection }) => collection.list({}).entries.map(({ object }) => tagged(kind, object))),
    onChange: listener => {
      for (const { kind, collection } of kinds)
        follow(collection, store.revision, signal, (object, deleted) => listener({ deleted, ...tagged(kind, object) }))
    },
  }
}

/** Keeps the deny list as the ConfigMap has it: open streams of the denied end with the turn that makes the change visible. */
export function followDenials(store: Store, denyList: DenyList, log: Logger, signal: AbortSignal): void {
  const collection = store.collection({ groupResource: 'configmaps' })
  const apply = (object: KubeObject | undefined) => {
    const { denials, errors } = parseDenials(object)
    // Admission refuses these; whoever got past it must not lift the other denials.
    for (const { field, message } of errors) log.error('denial not understood', { field, message })
    denyList.replace(denials)
  }
  const { namespace, name } = deniedCredentials
  apply(collection.get(namespace, name)?.object)
  follow(collection, store.revision, signal, (object, deleted) => apply(deleted ? undefined : object), deniedCredentials)
}

const graphKinds: readonly (readonly [GraphKind, string])[] = [
  ['pods', 'pods'],
  ['persistentvolumes', 'persistentvolumes'],
  ['volumeattachments', 'volumeattachments.storage.k8s.io'],
]

export function nodeGraphSource(store: Store, signal: AbortSignal): NodeGraphSource {
  const kinds = graphKinds.map(([resource, groupResource]) => ({ resource, collection: store.collection({ groupResource }) }))
  return {
    *each() {
      for (const { resource, collection } of kinds)
        for (const entry of collection.list({}).entries) if (onNode(entry)) yield { resource, object: entry.objectOnce }
    },
    onChange: listener => {
      const concerns = ({ entry, previous }: StoreEvent): boolean => onNode(entry) || (previous !== undefined && onNode(previous))
      for (const { resource, collection } of kinds)
        follow(collection, store.revision, signal, (object, deleted) => listener({ resource, object, deleted }), { concerns })
    },
  }
}

/** Pods that wait for a node concern none: most pods are created so, and need not be looked into. */
const onNode = ({ fields }: Entry): boolean => fields['spec.nodeName'] !== ''

/** Every change after `revision`, in order, as soon as it is visible: a right that was taken away is gone before the next request is judged. */
function follow(
  collection: Collection,
  revision: number,
  signal: AbortSignal,
  change: (object: KubeObject, deleted: boolean) => void,
  {
    concerns = () => true,
    ...one
  }: { readonly namespace?: string; readonly name?: string; readonly concerns?: (event: StoreEvent) => boolean } = {},
): void {
  followChanges(collection, { ...one, after: revision, signal }, ({ type, event }) => {
    if (concerns(event)) change(event.entry.object, type === 'DELETED')
  })
}

function collections(store: Store): (groupResource: string) => Collection {
  const known = new Map<string, Collection>()
  return groupResource => {
    let found = known.get(groupResource)
    if (found === undefined) {
      found = store.collection({ groupResource })
      known.set(groupResource, found)
    }
    return found
  }
}
