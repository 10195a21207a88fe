// Requests every path that the server names without credentials: only its health is for everybody.
import { parseJson } from '../../../base/json.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, request } from '../../request.ts'

const health = /^\/(livez|readyz|healthz)(\/|$)/
const more = [
  '/',
  '/no/such/path',
  '/debug/pprof',
  '/debug/pprof/heap',
  '/logs',
  '/swagger.json',
  '/livezz',
  '/readyz-x',
  '/healthz.json',
  '/LIVEZ',
  '/api/v1/namespaces/kube-public/configmaps/cluster-info',
]
/** Beginning with a path that is open, or looking as if: none may be answered with what it leads to. */
const detours = [
  '/livez/../version',
  '/livez/%2e%2e/version',
  '/livez%2f..%2fversion',
  '/livez/..%2fversion',
  '//livez/../version',
  '/livez;/version',
]
const writes = [
  '/api/v1/namespaces',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/certificates.k8s.io/v1/certificatesigningrequests',
]

export async function tryAnonymous(context: ProofContext, signal: AbortSignal): Promise<void> {
  const { attempts, endpoint } = context
  await using transport = connectWith(endpoint)
  const paths = [...new Set([...(await namedPaths(context, signal)), ...more])]
  await inParallel(paths, async path => {
    const name = `${path} without credentials`
    if (!health.test(path)) return attempts.refused(name, transport, { method: 'GET', path }, { status: 401 }, signal)
    // An administrator may close these too.
    const { status } = await request(transport, { method: 'GET', path }, signal)
    const held = [200, 401, 404, 500].includes(status)
    return attempts.record({
      name,
      sent: `GET ${path}`,
      expected: '200, or 401 where nothing is open',
      answered: `answered ${status}`,
      held,
    })
  })
  for (const path of detours) {
    const { status, text } = await request(transport, { method: 'GET', path }, signal)
    const held = status >= 400 || !text.includes('gitVersion')
    attempts.record({
      name: `${path} without credentials`,
      sent: `GET ${path}`,
      expected: 'no version',
      answered: `answered ${status}`,
      held,
    })
  }
  for (const path of writes)
    await attempts.refused(`POST ${path} without credentials`, transport, { method: 'POST', path, body: {} }, { status: 401 }, signal)
}

/** The server's own list, and the collection of each resource. */
async function namedPaths({ transport }: ProofContext, signal: AbortSignal): Promise<string[]> {
  const read = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
    const { status, text } = await request(transport, { method: 'GET', path }, signal)
    const value: unknown = status === 200 ? parseJson(text) : undefined
    return typeof value === 'object' && value !== null ? { ...value } : {}
  }
  const { paths } = await read('/')
  const roots = Array.isArray(paths) ? paths.filter(path => typeof path === 'string') : []
  const versions = roots.filter(path => /^\/api\/[^/]+$|^\/apis\/[^/]+\/[^/]+$/.test(path))
  const collections = await inParallel(versions, async version => {
    const { resources } = await read(version)
    const names = Array.isArray(resources)
      ? resources.flatMap(({ name }: { readonly name?: unknown }) => (typeof name === 'string' ? [name] : []))
      : []
    return names.filter(name => !name.includes('/')).map(name => `${version}/${name}`)
  })
  return [...roots, ...collections.flat()]
}
