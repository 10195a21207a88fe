import { randomBytes } from 'node:crypto'
import {
  domainOfNode,
  domainOfPod,
  isLive,
  isPlatform,
  mayRunOn,
  nameDomain,
  namespaceDomainLabel,
  nodeDomainLabel,
} from '../../api/pods/trust-domain.ts'
import { nodes, pods } from '../../client/resources.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { mergePatch, request } from '../request.ts'

export const nodeIsolation: Proof = {
  id: 'C9',
  title: 'node isolation',
  why: 'Two tenants on one kernel are separated by only one escape',
  attack: 'Change the trust domain of a node and of a namespace with pods; look for pods of two domains on one node',
  expected: 'Both changes are refused while the pods exist, and every node has only pods of its own domain',
  whenRed: 'See whether TrustDomain was switched off (`bulkhead status`), and delete the pods that run on a node of another domain',
  async prove(context, signal) {
    const { client, transport } = context
    const all = await client.listAll(nodes, {}, signal)
    const node = all.find(candidate => domainOfNode(candidate) === '')
    const name = node?.metadata.name
    if (name === undefined) return skipped('there is no node without a trust domain to put a pod on')
    const domain = `prove-${randomBytes(4).toString('hex')}`
    await using namespace = await ProofNamespace.create(context, 'C9', signal)
    await namespace.account('c9', signal)
    const spec = harmlessSpec({ serviceAccountName: 'c9', nodeName: name }, { command: ['sleep', '600'] })
    await client.create(pods, namespace.name, podObject('resident', spec), signal)
    const found: string[] = []
    // A dry run, so that nothing happens if the control is off.
    const want = async (what: string, path: string, label: string) => {
      const body = { metadata: { labels: { [label]: domain } } }
      const { status, message } = await request(
        transport,
        { method: 'PATCH', path: `${path}?dryRun=All`, body, contentType: mergePatch },
        signal,
      )
      if (status !== 403 || !message.includes('trust domain')) found.push(`${what}: answered ${status} (${message}), expected 403`)
    }
    await want('another domain for a node with pods', `/api/v1/nodes/${name}`, nodeDomainLabel)
    await want('another domain for a namespace with pods', `/api/v1/namespaces/${namespace.name}`, namespaceDomainLabel)
    const byName = new Map(all.map(each => [each.metadata.name, each]))
    const placed = (await client.listAll(pods, {}, signal)).filter(
      pod => pod.spec.nodeName && isLive(pod) && !isPlatform(pod.metadata.namespace),
    )
    for (const pod of placed) {
      const place = byName.get(pod.spec.nodeName)
      if (place === undefined || mayRunOn(pod, place)) continue
      const { namespace: of, name: own } = pod.metadata
      found.push(
        `pod "${of}/${own}" of ${nameDomain(domainOfPod(pod))} is on node "${pod.spec.nodeName}" of ${nameDomain(domainOfNode(place))}`,
      )
    }
    return outcomeOf(found, `2 changes with pods refused; ${placed.length} pods on ${all.length} nodes, each in its own trust domain`)
  },
}
