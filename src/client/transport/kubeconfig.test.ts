import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseKubeconfig } from './kubeconfig.ts'

const file = (cluster: string, user = 'token: t') => `
current-context: c
contexts: [{ name: c, context: { cluster: k, user: u } }]
clusters: [{ name: k, cluster: { server: "https://h:6443"${cluster} } }]
users: [{ name: u, user: { ${user} } }]
`
const read = async (path: string) => `content of ${path}`
const ca = `, certificate-authority-data: ${Buffer.from('CA').toString('base64')}`

test('parseKubeconfig() reads data and files, relative to the kubeconfig', async () => {
  const config = await parseKubeconfig(file(ca, 'client-certificate: cert.pem, client-key: /key.pem'), '/etc/x/config', read)
  assert.deepEqual(config, {
    server: 'https://h:6443',
    ca: 'CA',
    certificate: 'content of /etc/x/cert.pem',
    key: 'content of /key.pem',
    namespace: 'default',
  })
})

const refused: [string, string, RegExp][] = [
  ['no authority', file(''), /has no certificate-authority/],
  ['verification off', file(`${ca}, insecure-skip-tls-verify: true`), /insecure-skip-tls-verify is set/],
  ['certificate without key', file(ca, 'client-certificate: cert.pem'), /belong together/],
  ['no context', 'clusters: []', /has no current-context/],
]
for (const [name, text, message] of refused) {
  test(`parseKubeconfig() refuses: ${name}`, () => assert.rejects(parseKubeconfig(text, 'config', read), message))
}
