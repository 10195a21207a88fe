// An OCI image of the Node that the project pins, the libraries it needs and the program in workload.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Container, Pod } from '../../src/api/types/core-v1.ts'
import { type BuiltImage, buildImage } from '../../src/node/images/oci-image.ts'
import type { TarEntry } from '../../src/supply-chain/oci/tar/write-tar.ts'
import { bulkhead, repository, run, type TestCluster } from '../cluster.ts'

const workloadImage = 'bulkhead.local/workload:1'

/** Takes a second: the program is 120 MB, so it is hardly compressed. */
async function buildWorkloadImage(): Promise<BuiltImage> {
  const { stdout } = await run('ldd', [process.execPath])
  // `name => path (address)`, or the path alone for the loader.
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
  if (libraries.length === 0) throw new Error(`ldd names no libraries of ${process.execPath}: ${stdout}`)
  const { outputFiles } = await build({
    entryPoints: [join(repository, 'test', 'workload.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    write: false,
  })
  const files: TarEntry[] = [
    { path: 'usr/bin/node', mode: 0o755, content: readFileSync(process.execPath) },
    ...libraries.map(path => ({ path: path.slice(1), mode: 0o755, content: readFileSync(path) })),
    { path: 'workload.cjs', mode: 0o644, content: Buffer.from(outputFiles[0]?.contents ?? []) },
  ]
  return buildImage({
    name: workloadImage,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    user: '65532:65532',
    files: [...foldersOf(files), ...files],
    entrypoint: ['/usr/bin/node', '/workload.cjs'],
    compression: 1,
  })
}

/** Every folder above the files, parents first. */
function foldersOf(files: readonly TarEntry[]): TarEntry[] {
  const folders = new Set<string>()
  for (const { path } of files) for (let at = dirname(path); at !== '.'; at = dirname(at)) folders.add(`${at}/`)
  return [...folders].sort().map(path => ({ path, mode: 0o755 }))
}

/** Imports the image on the node of the cluster; `folder` holds the archive temporarily. */
export async function importWorkloadImage(cluster: TestCluster, folder: string): Promise<void> {
  const file = join(folder, 'workload.tar')
  writeFileSync(file, (await buildWorkloadImage()).archive)
  const { code, stdout, stderr } = await bulkhead('image', 'import', '--data-dir', cluster.dataDirectory, file)
  if (code !== 0) throw new Error(`the image was not imported: ${stdout}${stderr}`)
}

/** A pod that the restricted level admits, with the workload's arguments. */
export function workloadPod(name: string, args: readonly string[], container: Partial<Container> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      terminationGracePeriodSeconds: 10,
      containers: [
        {
          name: 'app',
          image: workloadImage,
          args: [...args],
          ports: [{ name: 'main', containerPort: 8080 }],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          ...container,
        },
      ],
    },
  }
}
