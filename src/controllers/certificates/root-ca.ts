// Publishes the authority of the API server's certificate in every namespace, for pods.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import { configMaps, namespaces } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { isNamespaceEnding } from '../pod-control.ts'

const name = 'kube-root-ca.crt'
const ofThatName = { fieldSelector: `metadata.name=${name}` }
const descriptionAnnotation = 'kubernetes.io/description'
const annotations = {
  [descriptionAnnotation]:
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
}

export const rootCa: Controller = {
  name: 'root-ca-cert-publisher',
  identity: {
    account: 'root-ca-cert-publisher',
    rules: [rule('create update', 'core', 'configmaps'), recordEvents],
  },
  watches: namespaces,
  follows: [follow({ resource: configMaps, selection: ofThatName, keys: ({ metadata }) => [metadata.namespace ?? ''] })],
  begin({ informers, client, settings }) {
    const cache = informers.full(namespaces)
    const published = informers.selected(configMaps, ofThatName)
    const data = { 'ca.crt': settings.rootCa }
    return async (key, signal) => {
      const namespace = cache.getByKey(key)
      if (namespace === undefined || namespace.status?.phase === 'Terminating' || namespace.metadata.deletionTimestamp !== undefined)
        return done
      const found = published.get(key, name)
      if (found !== undefined) {
        const same = Object.keys(found.data ?? {}).length === 1 && found.data?.['ca.crt'] === settings.rootCa
        // A user's description stays.
        if (same && found.metadata.annotations?.[descriptionAnnotation]) return done
        const metadata = { ...found.metadata, annotations: { ...found.metadata.annotations, ...annotations } }
        await client.update(configMaps, { ...found, metadata, data }, signal)
        return done
      }
      try {
        await client.create(configMaps, key, { metadata: { name, namespace: key, annotations }, data }, signal)
      } catch (err) {
        if (!isReason(err, 'AlreadyExists') && !isNamespaceEnding(err)) throw err
      }
      return done
    }
  },
}
