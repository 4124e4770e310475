// Signed versions of modules: what is installed and what is refused, without --dev, and what the server makes of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, VERSIONS } from '../harness/fleet.mjs';
import { root, startServer } from '../harness/server.mjs';

describe('a signed version', () => {
  let modules, server, work, trust, head;
  const kind = (n) => path.join(work, `fleet-${n}`);
  const run = (...args) =>
    server.execute(path.join(server.build, 'karkas'), ['--lang', 'ru', '--modules', modules, '--trust', trust, ...args]);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: work, stdio: 'ignore' });
  const keys = (name) => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    openssl('ec', '-in', `${name}.key`, '-pubout', '-out', `${name}.pem`);
  };
  const sign = (folder, key) => execFileSync('sh', [path.join(root, 'sdk/sign.sh'), folder, path.join(work, key)], { stdio: 'ignore' });
  const give = (dir) => execFileSync('chown', ['-R', `${fs.statSync(server.home).uid}`, dir]);

  before(async () => {
    modules = fleetFolder([1]);
    server = await startServer({ modules, tz: fleetTz, isStrict: true });
    work = path.join(server.home, 'work');
    trust = path.join(server.home, 'trust');
    fs.mkdirSync(work);
    for (const n of [1, 2]) fs.cpSync(path.join(server.build, `tests/fleet/${n}`), kind(n), { recursive: true });
    keys('acme');
    keys('other');
    for (const dir of [work, modules]) give(dir);
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const installed = () => fs.readdirSync(path.join(modules, 'fleet')).filter((name) => /-[0-9a-f]{12}$/.test(name));

  it('is not taken unsigned, nor signed by somebody nobody trusts', async () => {
    assert.match((await run('module', 'install', kind(2))).err, /fleet: версия не подписана/);
    sign(kind(2), 'other.key');
    assert.match((await run('module', 'install', kind(2))).err, /подпись не от того, кому здесь доверяют/);
    assert.deepEqual(installed(), []);
  });

  it('is taken when its key is trusted, once, from a folder or an archive', async () => {
    assert.match((await run('module', 'trust', path.join(work, 'acme.key'))).err, /нужен файл ИМЯ\.pem/);
    assert.equal((await run('module', 'trust', path.join(work, 'acme.pem'))).out, 'acme\n');
    sign(kind(2), 'acme.key');
    execFileSync('tar', ['-czf', 'fleet.tgz', 'fleet-2'], { cwd: work });
    const { code, out, err } = await run('module', 'install', path.join(work, 'fleet.tgz'));
    assert.equal(code, 0, err);
    assert.match(out, /установлено: fleet 1\.1\.0-[0-9a-f]{12}/);
    assert.match((await run('module', 'install', kind(2))).err, /уже установлена/);
    assert.equal(installed().length, 1);
    assert.deepEqual(fs.readdirSync(modules).filter((name) => name.startsWith('.')), [], 'nothing is left behind');
  });

  it('in an archive is judged before a file of it is written: by who signed it, then by what lies there', async () => {
    const folder = path.join(work, 'packed');
    const file = path.join(work, 'packed.tar');
    const pack = (...args) => execFileSync('tar', ['-cf', file, ...args, 'packed'], { cwd: work });
    const refused = async (pattern) => {
      const before = fs.readdirSync('/tmp').filter((name) => name.startsWith('karkas-install-'));
      const { code, err } = await run('module', 'install', file);
      assert.deepEqual([code, pattern.test(err)], [1, true], err);
      const left = fs.readdirSync('/tmp').filter((name) => name.startsWith('karkas-install-') && !before.includes(name));
      assert.deepEqual(left, []);
    };
    fs.cpSync(kind(1), folder, { recursive: true });
    sign(folder, 'other.key');
    pack();
    await refused(/packed\.tar: подпись не от того, кому здесь доверяют/);
    fs.rmSync(path.join(folder, 'module.sig'));
    pack();
    await refused(/packed\.tar: версия не подписана/);
    sign(folder, 'acme.key');
    fs.writeFileSync(path.join(folder, 'more.js'), '');
    pack();
    await refused(/есть файл, который не подписан \(packed\.tar: more\.js/);
    fs.rmSync(path.join(folder, 'more.js'));
    fs.symlinkSync('/etc', path.join(folder, 'link'));
    pack();
    await refused(/packed\/link is neither a file nor a folder/);
    fs.rmSync(path.join(folder, 'link'));
    execFileSync('tar', ['-cPf', file, 'packed', '../../../../../../etc/passwd'], { cwd: work });
    await refused(/etc\/passwd is no name below where it is unpacked/);
    fs.appendFileSync(path.join(folder, 'module.yaml'), '# later\n');
    pack();
    await refused(/файл изменён после подписи \(packed\.tar: module\.yaml/);
    fs.rmSync(path.join(folder, 'ui'), { recursive: true });
    sign(folder, 'acme.key');
    fs.rmSync(path.join(folder, 'locales'), { recursive: true });
    pack();
    await refused(/нет файла, который подписан \(packed\.tar: locales\//);
    fs.writeFileSync(file, 'no archive');
    await refused(/packed\.tar: архив не читается/);
    assert.equal(installed().length, 1);
  });

  it('that unpacks to more than a module has is refused, and its unpacking ended', async () => {
    const file = path.join(work, 'bomb.tgz');
    execFileSync('sh', ['-c', `head -c 600000000 /dev/zero | gzip -1 >${file}`]);
    const { code, err } = await run('module', 'install', file);
    assert.equal(code, 1);
    assert.match(err, /bomb\.tgz: в архиве больше, чем бывает у модуля .*over 272 MB/);
  });

  it('is not taken with a file changed, added, missing or linked after it was signed', async () => {
    const script = path.join(kind(1), 'ui/ui.js');
    const refused = async (pattern) => assert.match((await run('module', 'install', kind(1))).err, pattern);
    sign(kind(1), 'acme.key');
    const bytes = fs.readFileSync(script);
    fs.writeFileSync(script, 'alert(1)');
    await refused(/файл изменён после подписи \(module fleet: ui\/ui\.js/);
    fs.rmSync(script);
    await refused(/нет файла, который подписан/);
    fs.symlinkSync('/etc/passwd', script);
    await refused(/нет файла, который подписан/);
    fs.rmSync(script);
    fs.writeFileSync(script, bytes);
    fs.writeFileSync(path.join(kind(1), 'ui/more.js'), '');
    await refused(/есть файл, который не подписан \(module fleet: ui\/more\.js/);
    fs.rmSync(path.join(kind(1), 'ui/more.js'));
    assert.equal(installed().length, 1);
  });

  it('runs, and is refused once its key is not trusted or its file was changed', async () => {
    const [id] = installed();
    const upgrade = () => head.post('/api/v1/modules/fleet/upgrade', { version: VERSIONS[2] });
    const object = path.join(modules, 'fleet', id, 'fleet.so');
    fs.renameSync(trust, `${trust}-away`);
    const distrusted = await upgrade();
    assert.equal(distrusted.status, 409);
    assert.match(distrusted.json.detail, /подпись не от того, кому здесь доверяют/);
    fs.renameSync(`${trust}-away`, trust);
    const bytes = fs.readFileSync(object);
    fs.writeFileSync(object, Buffer.concat([bytes, Buffer.from([0])]));
    assert.match((await upgrade()).json.detail, /файл изменён после подписи/);
    fs.writeFileSync(object, bytes);
    const taken = await upgrade();
    assert.equal(taken.json.version, id, taken.text);
    assert.equal((await head.get('/api/v1/fleet/version')).json.version, '1.1.0');
  });
});
