// Each place of the product that could skip TLS or the verification of a peer is listed here with its reason: a new one fails this test.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const source = join(import.meta.dirname, '..')

/** Texts by which a connection could go without TLS, or without a verified peer. */
const risks = [
  /rejectUnauthorized: (?!true)/,
  /checkServerIdentity/,
  /'http:\/\/|`http:\/\//,
  /NODE_TLS_REJECT_UNAUTHORIZED/,
  /createInsecure/,
  /TLSv1(\.[012])?'/,
  /skipsVerification: /,
]

/** By file and the text that was found, why it is safe. */
const reasons: Readonly<Record<string, string>> = {
  'assess/dial.ts rejectUnauthorized: ': 'attacks listeners, and sends them nothing',
  "artifacts/findings/feed-fetcher.ts TLSv1.2'":
    'a mirror of advisories may be a server that has no TLS 1.3 yet; it is verified, and the feed is signed',
  "assess/dial.ts TLSv1'": 'attacks listeners with old versions',
  "access/audit/outputs/https-post.ts TLSv1.2'": 'a collector of records may be a server that has no TLS 1.3 yet; it is verified',
  "access/audit/outputs/syslog.ts TLSv1.2'": 'as above',
  "backup/targets/s3-target.ts TLSv1.2'": 'a store of backups may be a server that has no TLS 1.3 yet; it is verified',
  "cli/audit/witness.ts TLSv1.2'": 'a witness may be a server that has no TLS 1.3 yet; it is verified',
  "assess/dial.ts TLSv1.2'": 'attacks listeners with old versions',
  "assess/attacks/transport/listeners.ts TLSv1.2'": 'attacks listeners with old versions',
  "artifacts/observed-key.ts TLSv1.2'": 'a server outside of the cluster may have no TLS 1.3 yet; only its key is looked at',
  'artifacts/observed-key.ts rejectUnauthorized: ':
    'the key that the handshake proves is compared with the pinned one, and nothing is sent',
  "assess/attacks/transport/impostor.ts TLSv1.2'": 'an impostor of the API server that has no newer version',
  "cli/check/kustomize.ts 'http://": 'a proxy that leads nowhere, so that kustomize loads nothing',
  'cli/join/server-authority.ts rejectUnauthorized: ':
    'reads the chain and sends nothing: only an authority with the pinned digest is used',
  "cli/scan/outputs/cyclonedx.ts 'http://": 'the name of a schema, which nobody loads',
  'base/grpc/unary-client.ts createInsecure':
    'gRPC over the unix socket of a CSI driver, which only root can have put there (trusted-path.ts)',
  'node/cri/client.ts createInsecure': "gRPC over containerd's unix socket, which only root can open",
  'node/probes/grpc-unary.ts `http://': 'a gRPC probe that the author of the pod wrote, to the pod itself',
  'node/probes/probe.ts rejectUnauthorized: ': 'an HTTPS probe that the author of the pod wrote, to the pod itself, as upstream',
  'server/http/listener.ts rejectUnauthorized: ': 'clients may authenticate by a token: access control verifies the certificate',
  "server/http/fetch-document.ts TLSv1.2'": 'an issuer of tokens may be a server that has no TLS 1.3 yet; it is verified',
  'server/http/server-trust.ts checkServerIdentity': "adds a check to Node's own, which stays",
  'server/proxy/aggregation/registered-api.ts skipsVerification: ': 'the secure profile admits no APIService with insecureSkipTLSVerify',
  'server/proxy/backend-connection.ts rejectUnauthorized: ': 'false only in the upstream profile, and for the APIServices that it admits',
  "server/proxy/backend-connection.ts TLSv1.2'": 'a pod is no part of the cluster, and may have no TLS 1.3 yet; it is verified',
  "server/proxy/tunnel/node-tunnel.ts 'http://": 'names the peer of a tunnel, whose connection has TLS 1.3 with both certificates verified',
  "server/proxy/webhooks/review-sender.ts TLSv1.2'": 'a webhook may be a server that has no TLS 1.3 yet; it is verified',
  "supply-chain/packages/formats/cyclonedx.ts 'http://": 'the name of a schema, which nobody loads',
  "supply-chain/oci/registry/https-transport.ts TLSv1.2'": 'a registry may be a server that has no TLS 1.3 yet; it is verified',
  'supply-chain/oci/registry/https-transport.ts checkServerIdentity': "adds a check to Node's own, which stays",
  'store/etcd/etcd-client.ts checkServerIdentity': "calls Node's own with the host of the endpoint, for gRPC names no address",
}

test('no code path skips TLS or verification, except where the reason is listed', () => {
  const found = new Set<string>()
  for (const file of globSync('**/*.ts', { cwd: source }).filter(name => !/\.(test|testing)\.ts$/.test(name))) {
    for (const line of readFileSync(join(source, file), 'utf8').split('\n')) {
      if (/^\s*(\/\/|\/?\*)/.test(line)) continue
      for (const risk of risks) {
        const text = risk.exec(line)?.[0]
        if (text !== undefined) found.add(`${file} ${text}`)
      }
    }
  }
  assert.deepEqual([...found].toSorted(), Object.keys(reasons).toSorted())
})
