// Sabotage of the encryption of volumes and of who gets their keys.
import type { Sabotage } from './sabotage.ts'

const signer = 'src/signer/volume-keys.ts'
const proof = 'T1'
const node = { proof, on: 'node' } as const

export const t1: readonly Sabotage[] = [
  {
    name: 'the signer opens keys for every node',
    file: signer,
    from: 'if (reader.user !== `${nodeUser}${known.node}`)',
    to: 'if (reader.user === `${nodeUser}`)',
    proof,
  },
  {
    name: 'the signer does not check who signed a request for a key',
    file: signer,
    from: 'if (publicKey.length !== 32 || !verifyVolumeKeyRequest(volume, publicKey, reader.publicKey, signature))',
    to: 'if (publicKey.length !== 32 || verifyVolumeKeyRequest === undefined || signature.length === 0)',
    proof,
  },
  {
    name: 'the signature of a request for a key is for any volume',
    file: 'src/base/crypto/volume-key-request.ts',
    from: 'bulkhead volume key request v1\\n${volume}\\n',
    to: 'bulkhead volume key request v1\\n${volume.slice(0, 8)}\\n',
    proof,
  },
  {
    name: 'certificates of any authority open keys',
    file: signer,
    from: 'if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) throw bad()',
    to: 'if (!certificate.verify(certificate.publicKey) && !certificate.verify(issuer.publicKey)) throw bad()',
    proof,
  },
  {
    name: 'expired certificates open keys',
    file: signer,
    from: 'now > certificate.validToDate.getTime()',
    to: 'now < 0',
    proof,
  },
  {
    name: 'certificates of other groups open keys',
    file: signer,
    from: "if (!user.startsWith(nodeUser) || !subject.includes('O=system:nodes')) throw bad()",
    to: 'if (!user.startsWith(nodeUser) || subject.length === 0) throw bad()',
    proof,
  },
  {
    name: 'whoever may create localvolumes/key is asked for nothing else by the server',
    file: 'src/server/subresources/local-volume-key.ts',
    from: 'if (user.name !== `system:node:${found.spec.nodeName}`)',
    to: "if (user.name === '')",
    proof,
  },
  {
    name: 'a node may request the keys of all volumes',
    file: 'src/access/authorizers/node.ts',
    from: "const isOwn = name !== '' && graph.reachesLocalVolume(node, name)",
    to: "const isOwn = name !== ''",
    proof,
  },
  {
    name: 'the key of a volume outlives it',
    file: 'src/controllers/local-volumes/local-volume-remover.ts',
    from: 'await settings.volumeKeys.erase(key, signal)\n',
    to: '\n',
    proof,
    knownMissed:
      'the reclaimer erases the key before it deletes the volume; both are there because an administrator may delete either object',
  },
  {
    name: 'no key of a volume is ever erased',
    file: signer,
    from: '    await this.#files.erase(volume)\n',
    to: '    await this.#files.read(volume)\n',
    proof,
  },
  {
    name: 'each request makes a key of its own',
    file: signer,
    from: 'const key = unwrapKey(this.#encryptionKeys, known.wrapped)',
    to: 'const key = randomBytes(unwrapKey(this.#encryptionKeys, known.wrapped).length)',
    proof,
  },
  {
    name: 'volumes of the default class are in clear',
    file: 'src/node/local-volumes/local-volumes.ts',
    from: "if (encryption === 'none') return this.#named('none')",
    to: "if (encryption !== 'never') return this.#named('none')",
    ...node,
  },
  {
    name: 'the key of a volume is kept beside it',
    file: 'src/node/local-volumes/local-volumes.ts',
    from: "await backEnd.format(place, key, run, isBlock ? 'one' : 'many')",
    to: "await import('node:fs/promises').then(({ writeFile }) => writeFile(`${place.folder}/key`, key.toString('hex')))\n        await backEnd.format(place, key, run, isBlock ? 'one' : 'many')",
    ...node,
  },
  {
    name: 'volumes stay mounted after their pods',
    file: 'src/node/volumes/pod-volumes.ts',
    from: '    await this.#local?.release(this.#directory)\n',
    to: '',
    ...node,
  },
  {
    name: 'the file of a volume outlives its claim',
    file: 'src/node/local-volumes/local-volumes.ts',
    from: '      await this.#remove(place)\n      this.#queues',
    to: '      await this.#close(place)\n      this.#queues',
    ...node,
  },
  {
    name: 'nothing holds the device of a block volume that its pod detaches',
    file: 'src/node/local-volumes/block-device.ts',
    from: "await run('losetup', ['--read-only', '--find', '--show', '--', device])",
    to: 'await stat(device)',
    ...node,
  },
  {
    name: 'the content of block volumes is in clear',
    file: 'src/node/local-volumes/volume-place.ts',
    from: "block: join(mountPoint, 'data', 'block')",
    to: "block: join(mountPoint, 'block')",
    ...node,
  },
]
