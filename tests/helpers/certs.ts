import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export type KeyType = 'RSA' | 'RSA 1024' | 'ECDSA' | 'ECDSA P-384' | 'Ed25519';

/** A certificate authority that `issue` signs with. */
export type CA = {
  /** PEM, for `config.ca`. */
  cert: string;
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
  type: KeyType;
};

/** PEM of a key and of the certificate for it. */
export type Credentials = { key: string; cert: string };

const algorithms = {
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  'RSA 1024': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ECDSA: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ECDSA P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  Ed25519: { name: 'Ed25519' },
};

async function generateKeys(type: KeyType): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithms[type], true, [
    'sign',
    'verify',
  ]);
  return keys as webcrypto.CryptoKeyPair;
}

const day = 24 * 60 * 60 * 1000;

function validity() {
  return {
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  };
}

/** Makes a certificate authority: a root, or an intermediate one below its issuer. */
export async function createCA(
  type: KeyType,
  name = 'Test CA',
  issuer?: CA,
  { isCA = true, pathLength }: { isCA?: boolean; pathLength?: number } = {},
): Promise<CA> {
  const keys = await generateKeys(type);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...validity(),
      subject: `CN=${name}`,
      issuer: issuer?.certificate.subject ?? `CN=${name}`,
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: algorithms[issuer?.type ?? type],
      extensions: [
        new x509.BasicConstraintsExtension(isCA, pathLength, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { cert: certificate.toString('pem'), certificate, keys, type };
}

/**
 * Issues a certificate for a name and IP addresses, by default those of loopback, for
 * servers and clients alike. Without a certificate authority it is self-signed.
 */
export async function issue(
  ca: CA | undefined,
  type: KeyType,
  name = 'localhost',
  {
    notBefore = validity().notBefore,
    notAfter = validity().notAfter,
    ips = ['127.0.0.1', '::1'],
    usages = ['serverAuth', 'clientAuth'],
  }: {
    notBefore?: Date;
    notAfter?: Date;
    ips?: Array<string>;
    usages?: Array<keyof typeof x509.ExtendedKeyUsage>;
  } = {},
): Promise<Credentials> {
  const keys = await generateKeys(type);
  const issuerKeys = ca?.keys ?? keys;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      notBefore,
      notAfter,
      subject: `CN=${name}`,
      issuer: ca?.certificate.subject ?? `CN=${name}`,
      publicKey: keys.publicKey,
      signingKey: issuerKeys.privateKey,
      signingAlgorithm: algorithms[ca?.type ?? type],
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(
          usages.map((usage) => x509.ExtendedKeyUsage[usage]),
        ),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: name },
          ...ips.map((value) => ({ type: 'ip' as const, value })),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(issuerKeys.publicKey),
      ],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    cert: certificate.toString('pem'),
  };
}

/** Authorities that OpenSSL reads and Go does not, by what is wrong with them. */
export async function createOddCAs(): Promise<Record<string, string>> {
  const constraints = new x509.BasicConstraintsExtension(true);
  const create = async (
    name: string,
    options: Partial<x509.X509CertificateCreateParams>,
  ) => {
    const keys = await generateKeys('ECDSA');
    return x509.X509CertificateGenerator.createSelfSigned(
      {
        ...validity(),
        name: `CN=${name}, O=Odd`,
        keys,
        signingAlgorithm: algorithms.ECDSA,
        extensions: [constraints],
        ...options,
      },
      webcrypto,
    );
  };
  const negative = await create('Negative', { serialNumber: '7f' });
  const der = Buffer.from(negative.rawData);
  der[der.indexOf(Buffer.of(2, 1, 0x7f)) + 2] = 0xff;
  const duplicate = await create('Duplicate', {
    extensions: [constraints, constraints],
  });
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'dns', value: 'münchen.example' },
  ]);
  const unicode = await create('Unicode', { extensions: [constraints, names] });
  return {
    'negative serial number': x509.PemConverter.encode(der, 'CERTIFICATE'),
    'duplicate extension': duplicate.toString('pem'),
    'SAN dNSName is malformed': unicode.toString('pem'),
  };
}

/** DER of the first certificate in a PEM. */
export function toDER(pem: string): Uint8Array {
  return new Uint8Array(new x509.X509Certificate(pem).rawData);
}
