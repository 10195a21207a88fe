// Denies the certificates of a deleted Node before it is removed: it can only come back with a new join ticket, and not with its old key or
// a copy.

import {
  deniedCredentials,
  denyNodesRight,
  formatNodeCertificates,
  nodeCertificatesKey,
  nodeCertificatesKind,
  parseNodeCertificates,
} from '../../api/credentials/denied-credentials-names.ts'
import { rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { ConfigMap, Node } from '../../api/types/core-v1.ts'
import { configMaps, nodes } from '../../client/resources.ts'
import { nodeCertificateSeconds } from '../certificates/csr-signing.ts'
import { type Context, type Controller, done } from '../controller.ts'
import { addFinalizer, hasFinalizer, removeFinalizer } from '../finalizer.ts'

export const nodeCertificatesFinalizer = 'bulkhead.dev/node-certificates'

export const deletedNode: Controller = {
  name: 'deleted-node-controller',
  needs: 'denyDeletedNodes',
  identity: {
    account: 'deleted-node-controller',
    own: true,
    rules: [rule('update', 'core', 'nodes')],
    roles: [
      {
        namespace: 'kube-system',
        rules: [
          rule(denyNodesRight.verb, denyNodesRight.group, denyNodesRight.resource),
          rule('create', 'core', 'configmaps'),
          rule('get patch', 'core', 'configmaps', deniedCredentials.name),
        ],
      },
    ],
  },
  watches: nodes,
  begin(context) {
    const cache = context.informers.full(nodes)
    return async (key, signal) => {
      const node = cache.getByKey(key)
      if (node === undefined) return done
      const isGuarded = hasFinalizer(node, nodeCertificatesFinalizer)
      if (node.metadata.deletionTimestamp === undefined) {
        if (!isGuarded) await addFinalizer(context, nodes, node, nodeCertificatesFinalizer, signal)
      } else if (isGuarded) {
        await denyCertificates(context, node, signal)
        await removeFinalizer(context, nodes, node, nodeCertificatesFinalizer, signal)
      }
      return done
    }
  },
}

async function denyCertificates({ client, clock, log }: Context, { metadata }: Node, signal: AbortSignal): Promise<void> {
  const { name: node = '', uid = '' } = metadata
  const { namespace, name } = deniedCredentials
  const now = clock.now()
  // No certificate issued so far is valid for longer.
  const entry = { [`${nodeCertificatesKey}${uid}`]: formatNodeCertificates({ node, until: now + nodeCertificateSeconds * 1000 }) }
  try {
    const there: ConfigMap = await client.get(configMaps, namespace, name, signal)
    const ended = Object.keys(there.data ?? {}).filter(key => isOver(key, there.data?.[key] ?? '', now))
    const data = { ...Object.fromEntries(ended.map(key => [key, null])), ...entry }
    await client.patch(configMaps, namespace, name, { data }, { type: 'merge' }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
    await client.create(configMaps, namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: entry }, signal)
  }
  log.info('certificates of a deleted node denied', { node })
}

/** Every certificate that the entry denies has expired. */
function isOver(key: string, text: string, now: number): boolean {
  const prefix = `${nodeCertificatesKind}:`
  if (!key.startsWith(nodeCertificatesKey) || !text.startsWith(prefix)) return false
  const denied = parseNodeCertificates(text.slice(prefix.length))
  return denied !== undefined && denied.until < now
}
