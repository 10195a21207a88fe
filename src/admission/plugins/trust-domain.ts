// Pods of different trust domains never share a node, however the node is chosen: by the pod itself, a binding, or a label that changes.

import { groupResource, type KubeObject } from '../../api/object.ts'
import {
  domainOfNamespace,
  domainOfNode,
  domainOfPod,
  isLive,
  isPlatform,
  mayRunOn,
  nameDomain,
  podDomainAnnotation,
} from '../../api/pods/trust-domain.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Binding, Pod } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { PendingPlacements } from '../pending-placements.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { DecideFor } from '../policy/request-view.ts'

/** Moving a namespace or a node into or out of a domain needs this right for the domain. */
const placeRight = { verb: 'place', group: 'placement.bulkhead.dev', resource: 'trustdomains' } as const

export interface TrustDomainOptions {
  readonly reader: StoreReader
  readonly decide: DecideFor
}

export const trustDomain: PluginDefinition<TrustDomainOptions> = {
  name: 'TrustDomain',
  does: 'Refuses requests that would put pods of different trust domains on one node',
  on: 'always',
  guard: 'pods of different trust domains share nodes',
  handles: [
    { operations: ['CREATE'], resources: ['pods', 'pods/binding'] },
    { operations: ['UPDATE'], resources: ['pods', 'pods/*'] },
    { operations: ['CREATE', 'UPDATE'], resources: ['nodes', 'nodes/*', 'namespaces', 'namespaces/*'] },
  ],
  status: [{ name: 'trust domains never share a node', note: '', proofs: ['P3', 'C9'], always: true }],
  create,
}

function create({ reader, decide }: TrustDomainOptions): PluginSteps {
  const refuse = ({ resource, name }: AdmissionRequest, why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })
  const current = (namespace: string) => domainOfNamespace(reader.get('namespaces', '', namespace))
  const pending = new PendingPlacements()

  /** As `validatePlace`, and until the pod is stored, neither its namespace nor its node changes its domain. */
  function validatePod(request: AdmissionRequest, pod: Pod): Verdict {
    const verdict = validatePlace(request, pod)
    if (!verdict.allowed || isPlatform(request.namespace)) return verdict
    const moving = pending.addPod(request, pod)
    return moving === undefined ? verdict : refuse(request, `${moving} is changing its trust domain; try again in a moment`)
  }

  /** Whether the pod may be on its node. A node that does not exist yet will have no domain. */
  function validatePlace(request: AdmissionRequest, pod: Pod): Verdict {
    const { nodeName } = pod.spec
    if (!nodeName || isPlatform(request.namespace)) return admitted
    const domain = domainOfPod(pod)
    if (domain !== current(request.namespace))
      return refuse(request, `namespace "${request.namespace}" has changed its trust domain since the pod was made; make the pod anew`)
    const node = reader.get('nodes', '', nodeName)
    if (mayRunOn(pod, node)) return admitted
    return refuse(request, `node "${nodeName}" is of ${nameDomain(domainOfNode(node))}, the pod of ${nameDomain(domain)}`)
  }

  async function validateMove(
    request: AdmissionRequest,
    before: string,
    after: string,
    residents: () => readonly Pod[],
    what: string,
  ): Promise<Verdict> {
    for (const domain of [before, after]) {
      if (domain === '') continue
      const { allowed } = await decide(request)({ serviceAccount: undefined, ...placeRight, name: domain })
      if (!allowed)
        return refuse(
          request,
          `user "${request.user.name}" may not place in ${nameDomain(domain)}: that takes the verb "${placeRight.verb}" on ${placeRight.resource}.${placeRight.group}`,
        )
    }
    const pods = residents()
    const [first] = pods
    if (first === undefined) {
      if (before !== after) pending.addMove(request, what)
      return admitted
    }
    const { namespace, name } = first.metadata
    return refuse(
      request,
      `${what} has ${pods.length} pods of another trust domain than ${nameDomain(after)}, such as "${namespace}/${name}"; delete them first`,
    )
  }

  const livePods = (namespace?: string) => [
    ...(reader.list('pods', namespace) as readonly Pod[]).filter(isLive),
    ...pending.pods().filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  ]

  return {
    handles({ resource, operation, object, oldObject }) {
      if (object === undefined) return false
      switch (groupResource(resource.group, resource.plural)) {
        case 'pods':
          return operation === 'CREATE' || domainOfPod(object) !== domainOfPod(oldObject ?? object)
        case 'nodes':
          return operation === 'CREATE' || domainOfNode(object) !== domainOfNode(oldObject)
        case 'namespaces':
          return domainOfNamespace(object) !== domainOfNamespace(oldObject)
        default:
          return false
      }
    },
    async mutate(request) {
      if (request.resource.plural !== 'pods' || request.object === undefined) return
      const { oldObject, subresource, namespace, name } = request
      if (subresource === 'binding') {
        // The annotations of a Binding become those of the pod.
        const pod = reader.get('pods', namespace, name)
        setDomain(request.object, pod === undefined ? '' : domainOfPod(pod))
        return
      }
      // What the server set at creation stays, whatever the request contains.
      setDomain(request.object, oldObject === undefined ? current(request.namespace) : domainOfPod(oldObject))
    },
    async validate(request) {
      const { resource, subresource, object, oldObject, namespace, name } = request
      if (object === undefined) return admitted
      if (resource.plural === 'pods' && subresource === 'binding') {
        const pod = reader.get('pods', namespace, name) as Pod | undefined
        const nodeName = (object as Binding).target.name ?? ''
        return pod === undefined ? admitted : validatePod(request, { ...pod, spec: { ...pod.spec, nodeName } })
      }
      if (resource.plural === 'pods') return validatePod(request, object as Pod)
      if (resource.plural === 'nodes') {
        const domain = domainOfNode(object)
        const strangers = () => livePods().filter(pod => pod.spec.nodeName === name && !mayRunOn(pod, object))
        return validateMove(request, domainOfNode(oldObject), domain, strangers, `node "${name}"`)
      }
      const domain = domainOfNamespace(object)
      const own = () => (isPlatform(name) ? [] : livePods(name).filter(pod => domainOfPod(pod) !== domain))
      return validateMove(request, domainOfNamespace(oldObject), domain, own, `namespace "${name}"`)
    },
    finish: request => pending.end(request),
  }
}

function setDomain({ metadata }: KubeObject, domain: string): void {
  if ((metadata.annotations?.[podDomainAnnotation] ?? '') === domain) return
  const { [podDomainAnnotation]: _sent, ...others } = metadata.annotations ?? {}
  metadata.annotations = domain === '' ? others : { ...others, [podDomainAnnotation]: domain }
}
