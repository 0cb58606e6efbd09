// The recipes of docs/bundlers.md, run as they stand there.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cleanups, makeFolder } from '../helpers/folders.js';
import {
  installProject,
  installTools,
  output,
  prebuild,
  report,
  root,
  script,
  userEnvironment,
} from '../helpers/packages.js';

const { thisPlatform } = await script('lib/platforms.js');
const skip =
  thisPlatform === 'linux-x64' ? false : 'the recipes name Linux x64';
const timeout = 300_000;
const ofPlatform = path.join('node_modules', '@matrixai', 'quic-linux-x64');
const works = 'dgram ok\nnative ok\n';

/** A file that docs/bundlers.md gives, by the name after the language of the block. */
async function recipe(file: string): Promise<string> {
  const doc = await readFile(path.join(root, 'docs', 'bundlers.md'), 'utf8');
  const start = new RegExp(`^\`\`\`\\w+ ${file.replace('.', '\\.')}$\n`, 'm');
  const found = start.exec(doc) ?? assert.fail(`there is no ${file}`);
  const from = found.index + found[0].length;
  return doc.slice(from, doc.indexOf('\n```', from) + 1);
}

describe('the library in an application that is packed', {
  skip,
  timeout: 1_200_000,
}, () => {
  let tools: string;
  let project: string;
  const folders = cleanups();

  before(async () => {
    tools = await installTools('packaging');
    await prebuild(thisPlatform);
    project = await installProject(folders, thisPlatform);
    await rename(`${project}/smoke.mjs`, `${project}/app.mjs`);
    for (const name of ['esbuild', 'webpack', 'rollup', '@rollup', 'vite']) {
      await symlink(`${tools}/${name}`, `${project}/node_modules/${name}`);
    }
    for (const file of ['rollup.config.mjs', 'webpack.config.cjs']) {
      await writeFile(`${project}/${file}`, await recipe(file));
    }
    await writeFile(
      `${project}/pack-webpack.mjs`,
      `import webpack from 'webpack';
       import config from './webpack.config.cjs';
       webpack({ ...config, ...JSON.parse(process.argv[2] ?? '{}') }, (e, stats) => {
         if (e ?? stats.hasErrors()) throw e ?? new Error(stats.toString());
         if (stats.hasWarnings()) throw new Error(stats.toString());
       });`,
    );
  });
  after(() => folders.end());

  async function node(...args: Array<string>): Promise<string> {
    return output(process.execPath, args, {
      cwd: project,
      env: userEnvironment(),
    });
  }

  const bin = (name: string) => path.join(tools, '.bin', name);

  /** Runs what was made of app.mjs, and returns what it reports. */
  function run(
    cwd: string,
    command: Array<string>,
    env: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    return report(cwd, command, env, project);
  }

  /**
   * Runs a bundle in the project, and then where nothing of it is but the package of the platform;
   * then with its file alone; then with nothing.
   */
  async function runBundle(file: string, isWhole = true): Promise<void> {
    assert.equal(await run(project, [process.execPath, file]), works);
    if (!isWhole) return;
    const far = await makeFolder(folders);
    await cp(path.join(project, 'out'), far, { recursive: true });
    const command = [process.execPath, path.join(far, path.basename(file))];
    // Some know where they were made
    const there = path.join(project, ofPlatform);
    await rename(there, `${there}-aside`);
    try {
      const beside = path.join(far, ofPlatform);
      await cp(`${there}-aside`, beside, { recursive: true });
      assert.equal(await run('/', command), works);

      const QUIC_NATIVE_LIBRARY = path.join(far, 'any.node');
      await rename(path.join(beside, 'quic.node'), QUIC_NATIVE_LIBRARY);
      await rm(path.join(far, 'node_modules'), { recursive: true });
      assert.equal(await run('/', command, { QUIC_NATIVE_LIBRARY }), works);

      const lost = await run('/', command);
      // Its name is what it was, although classes were renamed
      assert.match(lost, /^dgram ErrorQUICNativeLibrary: no native library/);
      assert.match(lost, /QUIC_NATIVE_LIBRARY/);
    } finally {
      await rename(`${there}-aside`, there);
    }
  }

  async function emptyOut(): Promise<void> {
    await rm(`${project}/out`, { recursive: true, force: true });
    await mkdir(`${project}/out`);
  }

  test('@vercel/nft', { timeout }, async () => {
    await writeFile(
      `${project}/trace.mjs`,
      `import { nodeFileTrace } from ${JSON.stringify(`${tools}/@vercel/nft/out/index.js`)};
       const { fileList } = await nodeFileTrace(['app.mjs']);
       console.log(JSON.stringify([...fileList]));`,
    );
    const files: Array<string> = JSON.parse(await node('trace.mjs'));
    const far = await makeFolder(folders);
    for (const file of files) {
      await cp(path.join(project, file), path.join(far, file));
    }
    assert.equal(await run(far, [process.execPath, 'app.mjs']), works);
  });

  for (const format of ['esm', 'cjs']) {
    for (const external of [[], ['@matrixai/quic']]) {
      const name = `esbuild ${format}${external.length > 0 ? ', external' : ''}`;
      test(name, { timeout }, async () => {
        await emptyOut();
        const extension = format === 'esm' ? 'mjs' : 'cjs';
        const code = (await recipe('esbuild.mjs'))
          .replace("format: 'esm'", `format: '${format}'`)
          .replace('out/app.mjs', `out/app.${extension}`)
          .replace('bundle:', `external: ${JSON.stringify(external)}, bundle:`);
        await writeFile(`${project}/esbuild.mjs`, code);
        await node('esbuild.mjs');
        await runBundle(`out/app.${extension}`, external.length === 0);
      });
    }
  }

  for (const format of ['es', 'cjs']) {
    for (const external of [[], ['--external', '@matrixai/quic']]) {
      const name = `rollup ${format}${external.length > 0 ? ', external' : ''}`;
      test(name, { timeout }, async () => {
        await emptyOut();
        const file = format === 'es' ? 'out/app.mjs' : 'out/app.cjs';
        await node(
          path.join(tools, 'rollup', 'dist', 'bin', 'rollup'),
          ...['--config', 'rollup.config.mjs', '--silent'],
          ...['--format', format, '--file', file, ...external],
        );
        await runBundle(file, external.length === 0);
      });
    }
  }

  test('webpack', { timeout }, async () => {
    await emptyOut();
    await node('pack-webpack.mjs');
    await runBundle('out/app.cjs');
  });

  test('webpack, external', { timeout }, async () => {
    await emptyOut();
    const externals = { '@matrixai/quic': 'node-commonjs @matrixai/quic' };
    await node('pack-webpack.mjs', JSON.stringify({ externals }));
    await runBundle('out/app.cjs', false);
  });

  for (const noExternal of [false, true]) {
    const name = `vite build --ssr${noExternal ? ', noExternal' : ''}`;
    test(name, { timeout }, async () => {
      await emptyOut();
      const config = (await recipe('vite.config.mjs')).replace(
        'build:',
        `${noExternal ? 'ssr: { noExternal: true }, ' : ''}build:`,
      );
      await writeFile(`${project}/vite.config.mjs`, config);
      await node(path.join(tools, 'vite', 'bin', 'vite.js'), 'build');
      const [file] = await readdir(`${project}/out`);
      await runBundle(`out/${file}`, noExternal);
    });
  }

  test('a single executable of Node.js', { timeout }, async () => {
    await emptyOut();
    for (const file of ['sea.cjs', 'sea.json']) {
      await writeFile(`${project}/${file}`, await recipe(file));
    }
    await output(
      bin('esbuild'),
      ['sea.cjs', '--bundle', '--platform=node', '--outfile=out/sea.cjs'],
      { cwd: project },
    );
    await node('--experimental-sea-config', 'sea.json');
    const executable = path.join(await makeFolder(folders), 'app');
    await cp(await realpath(process.execPath), executable);
    await chmod(executable, 0o755);
    await output(bin('postject'), [
      ...[executable, 'NODE_SEA_BLOB', `${project}/out/sea.blob`],
      '--sentinel-fuse',
      'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
    ]);
    assert.equal(await run('/', [executable]), works);
  });

  test('bun build', { timeout }, async () => {
    await emptyOut();
    const bun = await bunCommand();
    for (const target of ['node', 'bun']) {
      const file = `out/${target}.mjs`;
      await output(
        bun,
        ['build', 'app.mjs', `--target=${target}`, `--outfile=${file}`],
        { cwd: project },
      );
      const runtime = target === 'bun' ? bun : process.execPath;
      assert.equal(await run(project, [runtime, file]), works);
    }
  });

  test('bun build --compile', { timeout }, async () => {
    const file = `${project}/compiled.mjs`;
    await writeFile(file, await recipe('compiled.mjs'));
    const executable = path.join(await makeFolder(folders), 'app');
    await output(
      await bunCommand(),
      ['build', '--compile', file, '--outfile', executable],
      { cwd: project },
    );
    assert.equal(await run('/', [executable]), works);
  });

  test('deno compile', {
    skip: 'it downloads a part of Deno from a place that is no registry',
  }, () => {});

  test('@yao-pkg/pkg', {
    skip: 'it downloads builds of Node.js from a place that is no registry',
  }, () => {});

  test('what Electron asks for: one file, of Node-API alone', async () => {
    const names = await readdir(path.join(project, ofPlatform));
    assert.deepEqual(
      names.filter((name) => /\.(node|so|dll|dylib)$/.test(name)),
      ['quic.node'],
    );
    const symbols = await output('nm', [
      ...['--dynamic', '--undefined-only', '--demangle'],
      path.join(project, ofPlatform, 'quic.node'),
    ]);
    assert.match(symbols, /napi_define_properties/);
    assert.doesNotMatch(symbols, /v8::|node::|uv_/);
    // Unpacked from an asar, it lies where nothing else of the application does
    const file = path.join(await makeFolder(folders), 'quic.node');
    await cp(path.join(project, ofPlatform, 'quic.node'), file);
    assert.equal(
      await run(project, [process.execPath, 'app.mjs'], {
        QUIC_NATIVE_LIBRARY: file,
      }),
      works,
    );
  });

  async function bunCommand(): Promise<string> {
    const runtimes = await installTools('runtimes');
    const bun = path.join(runtimes, '@oven', 'bun-linux-x64', 'bin', 'bun');
    assert.ok(existsSync(bun));
    return bun;
  }
});
