import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { optionalText, outputFlag } from '../common-flags.ts'
import { withDefaultCommand, withHelp } from '../help.ts'
import { failureCode, interruptible, runCommand } from '../terminal/run-command.ts'
import type { VerifyFlags } from '../verify/verify.ts'
import type { VerifyManifestsFlags } from '../verify/verify-manifests.ts'
import type { VerifyPackageFlags } from '../verify/verify-package.ts'

const command = buildCommand({
  func: (flags: VerifyFlags, image: string) =>
    runCommand(async () => {
      const { verify } = await import('../verify/verify.ts')
      const defaultAuthFile =
        process.env['REGISTRY_AUTH_FILE'] ?? join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')
      const print = (text: string) => void process.stdout.write(`${text}\n`)
      return await verify(flags, image, { now: Date.now(), defaultAuthFile, print }, interruptible())
    }, failureCode('verify')),
  parameters: {
    flags: {
      policy: { kind: 'parsed', parse: String, variadic: true, brief: 'File with image policies; may be repeated', placeholder: 'FILE' },
      trust: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'File with trust roots; may be repeated',
        placeholder: 'FILE',
      },
      namespace: {
        ...optionalText,
        brief: 'Namespace whose policies apply too (default: default)',
        placeholder: 'NAMESPACE',
      },
      as: { ...optionalText, brief: 'Name of the image for policies, if it is to have another', placeholder: 'NAME' },
      image: { ...optionalText, brief: 'Name, tag or digest of one of several images of a layout', placeholder: 'NAME' },
      ca: { ...optionalText, brief: "Authorities (PEM) of the registry (default: the system's)", placeholder: 'FILE' },
      authFile: { ...optionalText, brief: 'Passwords of registries, as "docker login" writes them', placeholder: 'FILE' },
      output: outputFlag,
    },
    aliases: { n: 'namespace', o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Image in a registry, or path of an OCI layout or archive', parse: String, placeholder: 'IMAGE' }],
    },
  },
  docs: { brief: 'Verify who signed an image, as the cluster would' },
})

const packageParsed = buildCommand({
  func: (flags: VerifyPackageFlags, root: string) =>
    runCommand(async () => {
      const { verifyPackage } = await import('../verify/verify-package.ts')
      return await verifyPackage(flags, root, text => void process.stdout.write(`${text}\n`))
    }, failureCode('verify')),
  parameters: {
    flags: {
      key: {
        ...optionalText,
        brief: 'Public key (PEM) of the release (default: that of a development build)',
        placeholder: 'FILE',
      },
      output: outputFlag,
    },
    aliases: { o: 'output' },
    positional: { kind: 'tuple', parameters: [{ brief: 'Folder of the installed package', parse: String, placeholder: 'DIR' }] },
  },
  docs: { brief: 'Compare an installed Bulkhead with its signed manifest' },
})

const packageCommand = withHelp(packageParsed, {
  usage: '[flags] DIR',
  examples: [['bulkhead verify package --key release.pub node_modules/bulkhead', 'without running anything of it']],
  exitCodes: '0 unchanged, 1 changed, 2 no verdict',
})

const manifestsParsed = buildCommand({
  func: (flags: VerifyManifestsFlags, ...files: string[]) =>
    runCommand(async () => {
      const [{ verifyManifests }, { readInput }] = await Promise.all([
        import('../verify/verify-manifests.ts'),
        import('../sign/read-input.ts'),
      ])
      const print = (text: string) => void process.stdout.write(`${text}\n`)
      return await verifyManifests(flags, files, { now: Date.now(), print, readFile: readInput })
    }, failureCode('verify')),
  parameters: {
    flags: {
      policy: { kind: 'parsed', parse: String, variadic: true, brief: 'File with manifest policies; may be repeated', placeholder: 'FILE' },
      trust: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'File with trust roots; may be repeated',
        placeholder: 'FILE',
      },
      namespace: { ...optionalText, brief: 'Namespace of objects that name none (default: default)', placeholder: 'NAMESPACE' },
    },
    aliases: { n: 'namespace' },
    positional: { kind: 'array', parameter: { brief: 'File with manifests, - for stdin', parse: String, placeholder: 'FILE' }, minimum: 1 },
  },
  docs: { brief: 'Verify who signed manifests, and that nothing was changed since' },
})

const manifestsCommand = withHelp(manifestsParsed, {
  usage: '[flags] --policy FILE FILE…',
  examples: [['bulkhead verify manifests --policy policy.yaml --trust trust.yaml web.yaml', 'as a namespace with this policy would']],
  exitCodes: '0 signed, 1 one object is not as it was signed, 2 no verdict',
})

/** Evaluates image policies without a cluster. */
const imageCommand = withHelp(command, {
  usage: '[flags] --policy FILE IMAGE',
  examples: [
    ['bulkhead verify --policy policy.yaml --trust trust.yaml registry.example.com/shop/web:1.0', 'an image in a registry'],
    ['bulkhead verify --policy policy.yaml --as registry.example.com/shop/web build/', 'an OCI layout, before it is pushed'],
  ],
  groups: { Policies: ['policy', 'trust', 'namespace', 'as'], Image: ['image', 'ca', 'authFile'], Output: ['output'] },
  exitCodes: '0 the policies allow the image, 1 they refuse it or none is for it, 2 no verdict',
})

export const verifyCommand = withDefaultCommand(
  buildRouteMap({
    routes: { image: imageCommand, package: packageCommand, manifests: manifestsCommand },
    defaultCommand: 'image',
    docs: { brief: 'Verify who signed an image, a package or manifests' },
  }),
  imageCommand,
)
