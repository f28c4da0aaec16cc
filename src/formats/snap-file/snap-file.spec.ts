import { describe, expect, it } from 'vitest';

import { buildSquashfs, type ImageTree } from '../../../test/support/squashfs-image.js';
import { SnapYamlError } from '../snap-yaml/index.js';
import { BufferAccess, SquashfsError } from '../squashfs/index.js';
import { inspectComponent, inspectSnap, type ComponentFile, type SnapFile } from './index.js';

const YAML = "name: jq\nversion: '1'\n";
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100)]);

function inspect(files: ImageTree): Promise<SnapFile> {
  return inspectSnap(new BufferAccess(buildSquashfs(files, { gzip: true })));
}

function inspectPart(files: ImageTree): Promise<ComponentFile> {
  return inspectComponent(new BufferAccess(buildSquashfs(files)));
}

describe(inspectSnap.name, () => {
  it('reads snap.yaml, icon and desktop files', async () => {
    const snap = await inspect({
      'meta/snap.yaml': YAML,
      'meta/gui/icon.png': PNG,
      'meta/gui/jq.desktop': '[Desktop Entry]\n',
      'meta/gui/other.txt': 'x',
      'bin/jq': '#!/bin/sh\n',
    });
    expect(snap.yaml).toMatchObject({ name: 'jq', version: '1' });
    expect(snap.yamlText).toBe(YAML);
    expect(snap.icon).toEqual({ path: 'meta/gui/icon.png', bytes: PNG, mediaType: 'image/png' });
    expect(snap.desktopFiles).toEqual([{ path: 'meta/gui/jq.desktop', text: '[Desktop Entry]\n' }]);
  });

  it('does without icon and desktop files', async () => {
    expect(await inspect({ 'meta/snap.yaml': YAML })).toMatchObject({ icon: null, desktopFiles: [] });
    expect(await inspect({ 'meta/snap.yaml': YAML, 'meta/gui': 'a file' })).toMatchObject({ icon: null });
  });

  it.each<[string, Buffer | string, string]>([
    ['png', PNG, 'image/png'],
    ['svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'],
    ['svg', '\uFEFF<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', 'image/svg+xml'],
    ['png', '<svg/>', 'image/svg+xml'],
    ['jpg', Buffer.from('ffd8ffe000', 'hex'), 'image/jpeg'],
    ['gif', 'GIF89a', 'image/gif'],
    ['webp', 'RIFFxxxxWEBPVP8 ', 'image/webp'],
  ])('tells what kind of image icon.%s is by its bytes', async (extension, bytes, mediaType) => {
    const { icon } = await inspect({ 'meta/snap.yaml': YAML, [`meta/gui/icon.${extension}`]: bytes });
    expect(icon?.mediaType).toBe(mediaType);
  });

  it.each<[string, ImageTree]>([
    ['larger than a device takes', { 'meta/gui/icon.png': Buffer.concat([PNG, Buffer.alloc(300_000)]) }],
    ['a symlink', { 'meta/gui/icon.png': { symlink: '../../etc/shadow' } }],
    ['no image', { 'meta/gui/icon.png': '<html><body>' }],
    ['empty', { 'meta/gui/icon.svg': '' }],
  ])('leaves out an icon that is %s', async (_what, files) => {
    expect((await inspect({ 'meta/snap.yaml': YAML, ...files })).icon).toBeNull();
  });

  it('leaves out desktop files that are too large, and keeps the others', async () => {
    const files = { 'meta/gui/a.desktop': Buffer.alloc(64 * 1024 + 1), 'meta/gui/b.desktop': 'b' };
    expect((await inspect({ 'meta/snap.yaml': YAML, ...files })).desktopFiles).toEqual([
      { path: 'meta/gui/b.desktop', text: 'b' },
    ]);
  });

  it.each<[string, ImageTree, string]>([
    ['has no snap.yaml', { 'bin/jq': '' }, 'snap-file-no-such-file'],
    ['has a symlink for it', { 'meta/snap.yaml': { symlink: '/etc/passwd' } }, 'snap-file-no-such-file'],
    ['has a symlink for the folder', { meta: { symlink: 'real' }, 'real/snap.yaml': YAML }, 'snap-file-no-such-file'],
    ['has a folder for it', { 'meta/snap.yaml/x': YAML }, 'snap-file-no-such-file'],
    ['has a huge one', { 'meta/snap.yaml': Buffer.alloc(1024 * 1024 + 1, '#') }, 'snap-file-too-large'],
    ['has a bad one', { 'meta/snap.yaml': 'name: jq\n' }, 'invalid-snap-yaml'],
  ])('refuses a file that %s', async (_what, files, code) => {
    await expect(inspect(files)).rejects.toMatchObject({ code });
  });

  it('does not take damage to an icon for a missing one', async () => {
    const image = buildSquashfs({ 'meta/snap.yaml': YAML, 'meta/gui/icon.png': PNG });
    const inode = image.indexOf(Buffer.from([PNG.length, 0, 0, 0, PNG.length, 0, 0, 1]));
    image.writeUInt32LE(PNG.length + 1, inode);
    await expect(inspectSnap(new BufferAccess(image))).rejects.toThrow(SquashfsError);
  });
});

describe(inspectComponent.name, () => {
  it('reads component.yaml', async () => {
    const text = 'component: editor+docs\ntype: standard\n';
    const component = await inspectPart({ 'meta/component.yaml': text });
    expect(component).toMatchObject({ yaml: { snapName: 'editor', componentName: 'docs' }, yamlText: text });
  });

  it('refuses a snap, and a component that is none', async () => {
    await expect(inspectPart({ 'meta/snap.yaml': YAML })).rejects.toThrow('"meta/component.yaml"');
    await expect(inspectPart({ 'meta/component.yaml': 'type: standard' })).rejects.toThrow(SnapYamlError);
  });
});
