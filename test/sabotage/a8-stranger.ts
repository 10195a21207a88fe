// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const a8: readonly Sabotage[] = [
  {
    name: 'a node uncordons itself when it is created',
    file: 'src/admission/plugins/node-restriction.ts',
    from: `if (labels !== '') return \`node "\${node}" is not allowed to set the following labels: \${labels}\``,
    to: 'void labels',
    proof: 'A8',
  },
  {
    name: 'a node removes taints',
    file: 'src/admission/plugins/node-restriction.ts',
    from: 'if (!semanticallyEqual(old?.spec?.taints, now.spec?.taints)) return',
    to: 'if ((now.spec?.taints?.length ?? 0) > (old?.spec?.taints?.length ?? 0)) return',
    proof: 'A8',
  },
  {
    name: 'a node writes events of others',
    file: 'src/admission/plugins/node-restriction.ts',
    from: "return sizeRefusal(request.object, maxEventLength, node, 'an event') ?? ownEventRefusal(request, node, reader)",
    to: "return sizeRefusal(request.object, maxEventLength, node, 'an event')",
    proof: 'A8',
  },
  {
    name: 'a node gives its Node a status of any size',
    file: 'src/admission/plugins/node-restriction.ts',
    from: "sizeRefusal(now.status, maxNodeStatusLength, node, 'a Node status') ??",
    to: '',
    proof: 'A8',
  },
  {
    name: 'a node evicts a pod that it names',
    file: 'src/admission/plugins/node-restriction.ts',
    from: 'return found.spec.nodeName === node ? undefined : `node ${node} can only evict',
    to: "return found.spec.nodeName !== '' ? undefined : `node ${node} can only evict",
    proof: 'A8',
  },
  {
    name: 'a node changes the specification of a claim',
    file: 'src/admission/plugins/node-restriction.ts',
    from: 'return semanticallyEqual(withoutSize(object as PersistentVolumeClaim), withoutSize(oldObject as PersistentVolumeClaim))',
    to: "return operation === 'UPDATE'",
    proof: 'A8',
  },
  {
    name: 'a node requests a certificate for any user',
    file: 'src/admission/plugins/node-restriction.ts',
    from: 'return identity.commonName === `${userPrefix}${node}` ?',
    to: 'return identity.commonName.startsWith(userPrefix) ?',
    proof: 'A8',
  },
  {
    name: 'an event may be about any pod',
    file: 'src/admission/node/own-events.ts',
    from: 'if (pod?.spec.nodeName === node && (!about?.uid || about.uid === pod.metadata.uid)) return undefined',
    to: 'if (pod !== undefined) return undefined',
    proof: 'A8',
  },
  {
    name: 'a node keeps any number of certificate requests',
    file: 'src/admission/node/own-certificate-requests.ts',
    from: 'if (own.length < maxCertificateRequests) return undefined',
    to: 'if (own.length < 100 * maxCertificateRequests) return undefined',
    proof: 'A8',
  },
  {
    name: 'a node takes the host name of another',
    file: 'src/admission/node/own-labels.ts',
    from: 'if (key === hostnameLabel && wanted[key] !== node)',
    to: "if (key === hostnameLabel && wanted[key] === '')",
    proof: 'A8',
  },
  {
    name: 'a node has an address of a Service',
    file: 'src/admission/node/own-addresses.ts',
    from: "if (services.some(({ spec }) => isWithin(address, spec.cidrs ?? []))) return 'it is in the range of Services'",
    to: 'void services',
    proof: 'A8',
  },
  {
    name: 'a node chooses the range of its pods',
    file: 'src/admission/node/own-addresses.ts',
    from: 'if (rangesOf(now).join() !== rangesOf(old).join())',
    to: 'if (rangesOf(now).length < rangesOf(old).length)',
    proof: 'A8',
  },
  {
    name: 'two nodes have one WireGuard key',
    file: 'src/admission/node/own-link.ts',
    from: 'const holder = claims.otherWithKey(key, node)',
    to: "const holder = claims.otherWithKey('', node)",
    proof: 'A8',
    knownMissed: 'a simulated node has no key; a cluster of two machines does',
  },
  {
    name: 'a node reads the CSINode of another',
    file: 'src/access/authorizers/node.ts',
    from: "if (verb !== 'create' && name !== node) return noOpinion('can only access CSINode",
    to: "if (verb !== 'create' && verb !== 'get' && name !== node) return noOpinion('can only access CSINode",
    proof: 'A8',
  },
  {
    name: 'a node writes the status of every claim',
    file: 'src/access/authorizers/node.ts',
    from: `return graph.reaches(node, 'persistentvolumeclaim', namespace, name) ? allow : unrelated(node)
}

function accountToken`,
    to: `return allow
}

function accountToken`,
    proof: 'A8',
  },
  {
    name: 'a node reads every volume',
    file: 'src/access/authorizers/node.ts',
    from: "({ namespace, name }) => namespace === '' && graph.reachesVolume(node, name)",
    to: "({ namespace }) => namespace === ''",
    proof: 'A8',
  },
  {
    name: 'a node reads every attachment of a volume',
    file: 'src/access/authorizers/node.ts',
    from: "({ namespace, name }) => namespace === '' && graph.reachesAttachment(node, name)",
    to: "({ namespace }) => namespace === ''",
    proof: 'A8',
  },
  {
    name: 'a node lists the slices of devices of all nodes',
    file: 'src/access/authorizers/node.ts',
    from: `if (selects(attributes, 'spec.nodeName', node)) return allow
  return noOpinion('can only list/watch/deletecollection resourceslices`,
    to: `if (node !== '') return allow
  return noOpinion('can only list/watch/deletecollection resourceslices`,
    proof: 'A8',
  },
  {
    name: 'a node keeps what its former pods used',
    file: 'src/access/authorizers/node-graph.ts',
    from: "for (const reached of before?.vertices ?? []) count(reached, before?.node ?? '', -1)",
    to: "for (const reached of before?.vertices ?? []) if (reached.startsWith('pod/')) count(reached, before?.node ?? '', -1)",
    proof: 'A8',
  },
]
