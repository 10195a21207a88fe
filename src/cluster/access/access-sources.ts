// Adapters from the store's collections to the small interfaces through which access control and admission read.

import type { JoinTickets } from '../../access/authenticators/join-ticket.ts'
import type { BoundObjects, BoundResource } from '../../access/authenticators/service-account-token.ts'
import type { DenyRuleSource } from '../../access/authorizers/deny-rules.ts'
import type { CertificateRequests } from '../../access/authorizers/join-ticket.ts'
import type { GraphKind, NodeGraphSource } from '../../access/authorizers/node-graph.ts'
import type { BootstrapTokenSource } from '../../access/credentials/bootstrap-tokens.ts'
import { ticketOfSecret } from '../../access/credentials/join-ticket.ts'
import type { DenyList } from '../../access/revocation.ts'
import { parseDenials } from '../../access/rights/denied-credentials.ts'
import type { RbacKind, RbacObject, RbacSource } from '../../access/rules/rbac-object.ts'
import { tokenSecretNamespace, tokenSecretPrefix } from '../../api/credentials/bootstrap-token.ts'
import { deniedCredentials } from '../../api/credentials/denied-credentials-names.ts'
import { ticketNamespace, ticketSecretPrefix } from '../../api/credentials/join-ticket-names.ts'
import type { KubeObject } from '../../api/object.ts'
import { followObjects, type ObjectChange, type ObjectHead, type StoreReader, type StoreView } from '../../api/store-view.ts'
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { Secret } from '../../api/types/core-v1.ts'
import type { Logger } from '../../base/log.ts'
import type { ServerView } from '../../server/server-view.ts'

const boundResources: readonly BoundResource[] = ['serviceaccounts', 'pods', 'secrets', 'nodes']

export function boundObjects(view: StoreView): BoundObjects {
  const listeners = new Map(boundResources.map(resource => [resource, new Map<string, Set<() => void>>()]))
  for (const [resource, byName] of listeners) {
    view.follow(resource, ({ namespace, name }) => {
      for (const listener of [...(byName.get(`${namespace}/${name}`) ?? [])]) listener()
    })
  }
  return {
    get: (resource, namespace, name) => view.get(resource, namespace, name),
    onChange(resource, namespace, name, listener) {
      const byName = listeners.get(resource)
      const key = `${namespace}/${name}`
      const some = byName?.get(key) ?? new Set()
      byName?.set(key, some)
      // A separate function, because the same listener may be added twice.
      const own = () => listener()
      some.add(own)
      return () => {
        some.delete(own)
        if (some.size === 0) byName?.delete(key)
      }
    },
  }
}

export function joinTickets(view: StoreReader): JoinTickets {
  return {
    find(id) {
      const secret = view.get('secrets', ticketNamespace, `${ticketSecretPrefix}${id}`)
      return secret === undefined ? undefined : ticketOfSecret(secret as Secret)
    },
  }
}

export function bootstrapTokenSource(view: StoreView): BootstrapTokenSource {
  const tokens = { namespace: tokenSecretNamespace, where: ({ name }: ObjectHead) => name.startsWith(tokenSecretPrefix) }
  return {
    each: () => view.each('secrets', tokens) as Iterable<Secret>,
    onChange: listener => view.follow('secrets', ({ type, object }) => listener(object as Secret, type === 'DELETED'), tokens),
  }
}

export function certificateRequests(view: StoreReader): CertificateRequests {
  const find = (name: string) => view.get('certificatesigningrequests.certificates.k8s.io', '', name)
  return { requesterOf: name => (find(name) as CertificateSigningRequest | undefined)?.spec.username }
}

export function denyRuleSource(view: StoreView, { resources }: Pick<ServerView, 'resources'>): DenyRuleSource {
  return {
    isClusterScoped: (group, resource) => resources.byGroupResource(groupResourceOf(group, resource))?.definition.namespaced === false,
    follow: listener => followObjects<DenyRule>(view, 'denyrules.bulkhead.dev', (_namespace, name, rule) => listener(name, rule)),
  }
}

const groupResourceOf = (group: string, resource: string): string => (group === '' ? resource : `${resource}.${group}`)

const rbacKinds: readonly (readonly [RbacKind, string])[] = [
  ['ClusterRole', 'clusterroles.rbac.authorization.k8s.io'],
  ['ClusterRoleBinding', 'clusterrolebindings.rbac.authorization.k8s.io'],
  ['Role', 'roles.rbac.authorization.k8s.io'],
  ['RoleBinding', 'rolebindings.rbac.authorization.k8s.io'],
]

export function rbacSource(view: StoreView): RbacSource {
  // The schema of each resource decoded its objects: the kind determines their type.
  const tagged = (kind: RbacKind, object: KubeObject) => ({ kind, object }) as RbacObject
  return {
    list: () => rbacKinds.flatMap(([kind, groupResource]) => view.list(groupResource).map(object => tagged(kind, object))),
    onChange: listener => {
      for (const [kind, groupResource] of rbacKinds)
        view.follow(groupResource, change => {
          const deleted = change.type === 'DELETED'
          // Nothing more is needed of what is gone: to read a large object back takes milliseconds.
          const { namespace, name } = change
          listener({ deleted, ...tagged(kind, deleted ? { metadata: { namespace, name } } : change.object) })
        })
    },
  }
}

/** Updates the deny list from the ConfigMap: open streams of denied users end in the turn that makes the change visible. */
export function followDenials(view: StoreView, denyList: DenyList, log: Logger): void {
  const apply = (object: KubeObject | undefined) => {
    const { denials, errors } = parseDenials(object)
    // Admission refuses these; an entry that bypassed it must not lift other denials.
    for (const { field, message } of errors) log.error('denial not understood', { field, message })
    denyList.replace(denials)
  }
  const { namespace, name } = deniedCredentials
  apply(view.get('configmaps', namespace, name))
  view.follow('configmaps', ({ type, object }) => apply(type === 'DELETED' ? undefined : object), deniedCredentials)
}

const graphKinds: readonly (readonly [GraphKind, string])[] = [
  ['pods', 'pods'],
  ['persistentvolumes', 'persistentvolumes'],
  ['volumeattachments', 'volumeattachments.storage.k8s.io'],
  ['localvolumes', 'localvolumes.bulkhead.dev'],
]

export function nodeGraphSource(view: StoreView): NodeGraphSource {
  return {
    *each() {
      for (const [resource, groupResource] of graphKinds)
        for (const object of view.each(groupResource, { where: onNode })) yield { resource, object }
    },
    onChange: listener => {
      for (const [resource, groupResource] of graphKinds) {
        const changed = ({ type, object }: ObjectChange) => listener({ resource, object, deleted: type === 'DELETED' })
        view.follow(groupResource, changed, { where: onNode })
      }
    },
  }
}

/** Pods without a node concern none: most pods are created like this, and need not be examined. */
const onNode = ({ fields }: ObjectHead): boolean => fields['spec.nodeName'] !== ''
