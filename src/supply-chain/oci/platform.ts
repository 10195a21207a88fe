// Chooses the manifest of a platform in an index, as containerd does for a node.
import type { Descriptor, Platform } from './image-source.ts'

/** Go's names, which images use, of Node's architectures. */
const goArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
}

/** `os[/architecture[/variant]]` becomes a platform; undefined if the text is no platform. */
export function parsePlatformText(text: string): Platform | undefined {
  const [, os = '', architecture = '', variant] = /^([a-z0-9]{1,20})\/([a-z0-9_]{1,20})(?:\/([a-z0-9.]{1,20}))?$/.exec(text) ?? []
  return os === '' ? undefined : { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

export const platformText = ({ os, architecture, variant }: Platform): string =>
  `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`

/** Of a Linux node on this machine's architecture, `process.arch`. */
export const nodePlatform = (architecture: string): Platform => ({
  os: 'linux',
  architecture: goArchitectures[architecture] ?? architecture,
})

/** Normal forms of what is equal (containerd, platforms.Normalize). */
function variantOf({ architecture, variant }: Platform): string {
  if (architecture === 'arm64') return variant ?? 'v8'
  return architecture === 'arm' ? (variant ?? 'v7') : (variant ?? '')
}

/**
 * The first manifest for the platform: an equal variant before none that the platform names. Undefined if there is none. Attestations that build kits
 * put beside images have the platform `unknown/unknown`.
 */
export function selectManifest(manifests: readonly Descriptor[], platform: Platform): Descriptor | undefined {
  const fitting = manifests.filter(({ platform: has }) => has?.os === platform.os && has.architecture === platform.architecture)
  const wanted = variantOf(platform)
  return (
    fitting.find(({ platform: has }) => has !== undefined && variantOf(has) === wanted) ??
    (platform.variant === undefined ? fitting[0] : undefined)
  )
}
