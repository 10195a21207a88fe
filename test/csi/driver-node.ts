// The Node service of the test driver: binds folders, and sets up loop devices.
import { execFile } from 'node:child_process'
import { mkdir, readFile, realpath, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { Refusal } from '../../src/base/csi/csi-server.testing.ts'
import { readMessage } from '../../src/base/csi/read-message.ts'
import { isJsonObject, parseJson } from '../../src/base/json.ts'
import type { DriverOptions } from './driver.ts'
import type { DriverVolumes } from './driver-volumes.ts'

const run = promisify(execFile)

export async function nodeCalls(
  options: DriverOptions,
  volumes: DriverVolumes,
  method: CsiMethod,
  request: Readonly<Record<string, unknown>>,
): Promise<object> {
  switch (method) {
    case 'NodeGetInfo': {
      const { name, nodeId, topology, maxVolumes = 0 } = options
      return { nodeId, maxVolumesPerNode: maxVolumes, accessibleTopology: { segments: topology ?? { [`topology.${name}/node`]: nodeId } } }
    }
    case 'NodeGetCapabilities': {
      const stage = options.stage === false ? [] : ['STAGE_UNSTAGE_VOLUME']
      const types = [...stage, 'EXPAND_VOLUME', 'GET_VOLUME_STATS', 'SINGLE_NODE_MULTI_WRITER', ...(options.nodeCan ?? [])]
      return { capabilities: types.map(type => ({ rpc: { type } })) }
    }
    case 'NodeStageVolume': {
      const { volumeId, stagingTargetPath, publishContext, volumeCapability } = readMessage('NodeStageVolumeRequest', request)
      const volume = await volumes.require(volumeId)
      if (options.attach === true && publishContext['attached-to'] !== options.nodeId)
        throw new Refusal('FAILED_PRECONDITION', 'the volume is not attached to this node')
      if (volumeCapability?.block !== undefined) await loopOf(volumes.image(volumeId), true)
      else if (!(await isMounted(stagingTargetPath))) await run('mount', ['--bind', volumes.content(volume.id), stagingTargetPath])
      return {}
    }
    case 'NodeUnstageVolume': {
      const { volumeId, stagingTargetPath } = readMessage('NodeUnstageVolumeRequest', request)
      await unmounted(stagingTargetPath)
      const loop = await loopOf(volumes.image(volumeId), false)
      if (loop !== undefined) await run('losetup', ['-d', loop])
      return {}
    }
    case 'NodePublishVolume':
      return await publish(options, volumes, request)
    case 'NodeUnpublishVolume': {
      const { volumeId, targetPath } = readMessage('NodeUnpublishVolumeRequest', request)
      await unmounted(targetPath)
      await rm(targetPath, { force: true }).catch(() => rmdir(targetPath))
      if (options.stage === false) {
        const loop = await loopOf(volumes.image(volumeId), false)
        if (loop !== undefined) await run('losetup', ['-d', loop])
      }
      if (volumeId.startsWith('csi-')) await volumes.remove(volumeId)
      return {}
    }
    case 'NodeGetVolumeStats': {
      const { bsize, blocks, bavail } = await statfs(readMessage('NodeGetVolumeStatsRequest', request).volumePath)
      return { usage: [{ unit: 'BYTES', total: blocks * bsize, available: bavail * bsize, used: (blocks - bavail) * bsize }] }
    }
    case 'NodeExpandVolume': {
      const { volumeId, capacityRange } = readMessage('NodeExpandVolumeRequest', request)
      const loop = await loopOf(volumes.image(volumeId), false)
      if (loop !== undefined) await run('losetup', ['-c', loop])
      return { capacityBytes: capacityRange?.requiredBytes ?? 0 }
    }
    default:
      throw new Refusal('UNIMPLEMENTED', `the test driver has no ${method}`)
  }
}

async function publish(options: DriverOptions, volumes: DriverVolumes, request: Readonly<Record<string, unknown>>): Promise<object> {
  const { volumeId, targetPath, stagingTargetPath, volumeCapability, volumeContext, readonly } = readMessage(
    'NodePublishVolumeRequest',
    request,
  )
  await requireToken(options, volumeContext)
  const isInline = volumeContext['csi.storage.k8s.io/ephemeral'] === 'true'
  if (isInline && (await volumes.find(volumeId)) === undefined) {
    await volumes.make({ id: volumeId, name: volumeId, bytes: 2 ** 20, isBlock: false, context: {}, mutable: {}, nodes: [] })
    const { ['csi.storage.k8s.io/serviceAccount.tokens']: _, ...shown } = volumeContext
    await writeFile(join(volumes.content(volumeId), 'context.json'), JSON.stringify(shown))
  }
  await volumes.require(volumeId)
  if (await isMounted(targetPath)) return {}
  if (volumeCapability?.block !== undefined) {
    const loop = await loopOf(volumes.image(volumeId), true)
    await writeFile(targetPath, '', { flag: 'a' })
    await run('mount', ['--bind', loop ?? '', targetPath])
    return {}
  }
  await mkdir(targetPath, { recursive: true })
  await run('mount', ['--bind', stagingTargetPath === '' ? volumes.content(volumeId) : stagingTargetPath, targetPath])
  if (readonly) await run('mount', ['-o', 'remount,bind,ro', targetPath])
  return {}
}

/** The pod's own token, for the audience of this driver: what a root of another node does not have. */
async function requireToken({ token }: DriverOptions, context: Readonly<Record<string, string>>): Promise<void> {
  if (token === undefined) return
  const tokens = parseJson(context['csi.storage.k8s.io/serviceAccount.tokens'] ?? '{}')
  const given = isJsonObject(tokens) ? tokens[token.audience] : undefined
  const text = isJsonObject(given) && typeof given['token'] === 'string' ? given['token'] : ''
  if (text === '') throw new Refusal('UNAUTHENTICATED', `a token for the audience ${token.audience} is needed`)
  const refused = await token.check(text, {
    namespace: context['csi.storage.k8s.io/pod.namespace'] ?? '',
    name: context['csi.storage.k8s.io/pod.name'] ?? '',
    uid: context['csi.storage.k8s.io/pod.uid'] ?? '',
  })
  if (refused !== undefined) throw new Refusal('UNAUTHENTICATED', refused)
}

export async function isMounted(path: string): Promise<boolean> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(line => line.split(' ')[4])
  return points.includes(await realpath(path).catch(() => path))
}

async function unmounted(path: string): Promise<void> {
  while (await isMounted(path)) await run('umount', [path])
}

/** The loop device of the file, made if it is missing and `make`. */
export async function loopOf(image: string, make: boolean): Promise<string | undefined> {
  const { stdout } = await run('losetup', ['-j', image, '-n', '-O', 'NAME'])
  const [found = ''] = stdout.trim().split('\n')
  if (found !== '') return found.trim()
  return make ? (await run('losetup', ['-f', '--show', image])).stdout.trim() : undefined
}
