// Every word on the page, in three languages.
"use strict";

const TEXTS = {
  en: {
    title: "Anime faces, drawn here", language: "Language", loading: "Preparing the network …",
    drawing: "Drawing …", enlarging: "Enlarging …",
    draw: "Draw", new_faces: "New faces", seed: "Seed", number: "Faces", hair: "Hair", eyes: "Eyes",
    any: "any",
    keep: "Keep of the large face", noise: "shape", keep_hair: "hair", keep_eyes: "eyes",
    face: "The large face", save: "Save PNG", size: "Size in pixels", favorite: "Favorite",
    pick: "Pick",
    share: "Copy link", undo: "Undo", faces: "Faces", picked: "Picked faces", clear: "Clear",
    vary: "Vary", strength: "Strength", vary_do: "Faces like this one",
    fade: "Fade colors", from: "from", to: "to", position: "position", strip: "Save strip",
    morph: "Morph", morph_do: "Play", morph_stop: "Stop", animation: "Save GIF",
    detail: "Detail in pixels",
    morph_help: "Pick two faces or more; they turn into one another.",
    matrix: "All colors", matrix_do: "Every hair by every eye color", sheet: "Save sheet",
    mix: "Mix", mix_do: "Mix the picked faces",
    mix_help: "Colors from the top, shapes from the left.",
    expert: "Expert", length: "Noise length", perturb: "Perturb",
    history: "History", favorites: "Favorites", export: "Export", import: "Import",
    about: "About",
    keys: "Keys: N new faces, S save, F favorite, P pick, U undo, arrows choose a face.",
    lock_all: "Everything is kept: nothing is left to draw anew.",
    need_two: "Pick two faces or more first.",
    copied: "Link copied.",
    not_stored: "This browser keeps nothing for this page: history and favorites last until it is "
      + "closed. Export saves them as a file.",
    favorites_unkept: "The browser's storage is full: the newest favorites last until this page "
      + "is closed. Export saves them as a file.",
    history_dropped: "The browser's storage is full: faces of the history are dropped, the oldest "
      + "first. Favorites stay.",
    unreadable: "Stored faces that cannot be read and are not shown",
    bad_file: "Not a file that this page exported.",
    bad_link: "The link names no face of this model.",
    other_model: "These faces are of another model.", failed: "The network stopped: ",
    model: "Model", trained_on: "thousand images seen, of", measured: "Measured by the program",
    frechet: "perceptual Fréchet distance", precision: "precision",
    recall: "recall", both: "share of faces with the wanted colors",
    engine: "Drawn by", ms: "ms a face",
    rights: "The network learned from pictures that other people drew; their rights stay "
      + "theirs. Use what it draws for study, and think twice before selling it.",
    offline: "This page is one file. It works offline and sends nothing anywhere.",
    aqua: "aqua", black: "black", blonde: "blonde", blue: "blue", brown: "brown", gray: "gray",
    green: "green",
    orange: "orange", pink: "pink", purple: "purple", red: "red", white: "white", yellow: "yellow",
  },
  zh: {
    title: "在本机绘制动漫头像", language: "语言", loading: "正在准备网络……", drawing: "正在绘制……",
    enlarging: "正在放大……",
    draw: "绘制", new_faces: "换一批", seed: "种子", number: "数量", hair: "发色", eyes: "瞳色", any: "任意",
    keep: "保留大图的", noise: "形状", keep_hair: "发色", keep_eyes: "瞳色",
    face: "大图", save: "保存 PNG", size: "像素大小", favorite: "收藏", pick: "选取",
    share: "复制链接", undo: "撤销", faces: "头像", picked: "已选头像", clear: "清空",
    vary: "变化", strength: "强度", vary_do: "相似的头像",
    fade: "颜色渐变", from: "从", to: "到", position: "位置", strip: "保存长条图",
    morph: "变形", morph_do: "播放", morph_stop: "停止", animation: "保存 GIF", detail: "细节像素",
    morph_help: "选取两个以上头像，它们会相互变化。",
    matrix: "所有颜色", matrix_do: "每种发色与每种瞳色", sheet: "保存大图",
    mix: "混合", mix_do: "混合已选头像", mix_help: "颜色取自上方，形状取自左侧。",
    expert: "专家模式", length: "噪声长度", perturb: "扰动",
    history: "历史", favorites: "收藏", export: "导出", import: "导入",
    about: "关于", keys: "按键：N 换一批，S 保存，F 收藏，P 选取，U 撤销，方向键选择头像。",
    lock_all: "全部保留，没有可以重新绘制的内容。", need_two: "请先选取两个以上头像。",
    copied: "链接已复制。",
    not_stored: "此浏览器不为本页保存任何内容：历史和收藏在关闭本页后消失。可用“导出”保存为文件。",
    favorites_unkept: "浏览器存储空间已满：最新的收藏在关闭本页后消失。可用“导出”保存为文件。",
    history_dropped: "浏览器存储空间已满：历史中的头像从最早的开始删除，收藏保留。",
    unreadable: "无法读取、未显示的已存头像",
    bad_file: "不是由本页导出的文件。", bad_link: "链接中没有此模型的头像。",
    other_model: "这些头像属于另一个模型。", failed: "网络已停止：",
    model: "模型", trained_on: "千张训练图像，数据", measured: "程序测量值", frechet: "感知 Fréchet 距离",
    precision: "精确率",
    recall: "召回率", both: "颜色符合要求的比例",
    engine: "绘制方式", ms: "毫秒每张",
    rights: "网络学自他人绘制的图片，其权利归原作者所有。请将结果用于学习，出售前请三思。",
    offline: "本页是单个文件，可离线使用，不发送任何数据。",
    aqua: "水色", black: "黑色", blonde: "金色", blue: "蓝色", brown: "棕色", gray: "灰色", green: "绿色",
    orange: "橙色", pink: "粉色", purple: "紫色", red: "红色", white: "白色", yellow: "黄色",
  },
  ja: {
    title: "この端末で描くアニメ顔", language: "言語", loading: "ネットワークを準備中……", drawing: "描画中……",
    enlarging: "拡大中……",
    draw: "描く", new_faces: "新しい顔", seed: "シード", number: "枚数", hair: "髪の色", eyes: "目の色", any: "指定なし",
    keep: "大きい顔から残すもの", noise: "形", keep_hair: "髪の色", keep_eyes: "目の色",
    face: "大きい顔", save: "PNG を保存", size: "ピクセル数", favorite: "お気に入り", pick: "選ぶ",
    share: "リンクをコピー", undo: "元に戻す", faces: "顔", picked: "選んだ顔", clear: "空にする",
    vary: "変化", strength: "強さ", vary_do: "似た顔",
    fade: "色の変化", from: "から", to: "まで", position: "位置", strip: "帯画像を保存",
    morph: "モーフ", morph_do: "再生", morph_stop: "停止", animation: "GIF を保存", detail: "細部のピクセル数",
    morph_help: "二つ以上の顔を選ぶと、互いに変化します。",
    matrix: "すべての色", matrix_do: "すべての髪と目の色", sheet: "一覧を保存",
    mix: "混合", mix_do: "選んだ顔を混ぜる", mix_help: "色は上の顔から、形は左の顔から。",
    expert: "上級", length: "ノイズの長さ", perturb: "ゆらす",
    history: "履歴", favorites: "お気に入り", export: "書き出し", import: "読み込み",
    about: "このページについて", keys: "キー：N 新しい顔、S 保存、F お気に入り、P 選ぶ、U 元に戻す、矢印で顔を選択。",
    lock_all: "すべて残すと、描き直すものがありません。", need_two: "先に二つ以上の顔を選んでください。",
    copied: "リンクをコピーしました。",
    not_stored: "このブラウザはこのページの内容を保存しません。履歴とお気に入りは、ページを閉じると消えます。「書き出し」でファイルに保存できます。",
    favorites_unkept: "ブラウザの保存領域がいっぱいです。新しいお気に入りは、ページを閉じると消えます。「書き出し」でファイルに保存できます。",
    history_dropped: "ブラウザの保存領域がいっぱいです。履歴の顔は古いものから消えます。お気に入りは残ります。",
    unreadable: "読み取れず、表示していない保存済みの顔",
    bad_file: "このページが書き出したファイルではありません。", bad_link: "リンクにこのモデルの顔がありません。",
    other_model: "これらの顔は別のモデルのものです。", failed: "ネットワークが停止しました：",
    model: "モデル", trained_on: "千枚を学習、データ", measured: "プログラムの測定値", frechet: "知覚 Fréchet 距離",
    precision: "適合率",
    recall: "再現率", both: "望んだ色になる割合",
    engine: "描画方法", ms: "ミリ秒／枚",
    rights: "このネットワークは他の人が描いた絵から学びました。その権利は作者にあります。描いた顔は学習のために使い、販売する前によく考えてください。",
    offline: "このページは一つのファイルです。オフラインで動き、何も送信しません。",
    aqua: "水色", black: "黒", blonde: "金髪", blue: "青", brown: "茶", gray: "灰色", green: "緑",
    orange: "オレンジ", pink: "ピンク", purple: "紫", red: "赤", white: "白", yellow: "黄",
  },
};

const browserLanguage = (navigator.language || "en").slice(0, 2);
let language = browserLanguage in TEXTS ? browserLanguage : "en";

function text(key) {
  const table = TEXTS[language];
  return Object.hasOwn(table, key) ? table[key] : key;  // an axis or a value of other data
}

// Writes the texts of all elements below `root` that name one: data-text its content, data-label
// its accessible name.
function translate(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
}
