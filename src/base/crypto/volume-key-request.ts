// What a node signs to get the key of one of its volumes: the node writes it, the signer checks it.
import { type KeyObject, sign, verify } from 'node:crypto'

/** Also the name of a folder and of a key file: no dots and no slashes. */
const volumeName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export const isVolumeName = (name: string): boolean => volumeName.test(name)

/** For `sealKey`: an answer for one volume is none for another. */
export const volumeKeyPurpose = (volume: string): string => `volume/${volume}`

const signedText = (volume: string, publicKey: Buffer): Buffer =>
  Buffer.from(`bulkhead volume key request v1\n${volume}\n${publicKey.toString('base64')}\n`)

export const signVolumeKeyRequest = (volume: string, publicKey: Buffer, nodeKey: KeyObject): Buffer =>
  sign('sha256', signedText(volume, publicKey), nodeKey)

export const verifyVolumeKeyRequest = (volume: string, publicKey: Buffer, nodeKey: KeyObject, signature: Buffer): boolean =>
  verify('sha256', signedText(volume, publicKey), nodeKey, signature)
