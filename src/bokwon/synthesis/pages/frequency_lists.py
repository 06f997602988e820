"""Short frequency lists of characters and words, most frequent first: text for pages when no text file is given."""

from __future__ import annotations

__all__ = ["ENGLISH", "HANGUL", "HANJA", "HIRAGANA", "KATAKANA", "OLD_HANGUL"]

HANJA = (
    "之不以而其也者人爲有於曰王大子無是天下所一三二十年月日中上事公書君國文行明時德民言心道可得見使能自何相與此"
    "至命將成出入生死東西南北山水火木金土石田川海江河風雲雨雪春夏秋冬朝夕夜古今老少男女父母兄弟妻臣官史士農工商"
    "兵軍戰車馬牛羊犬鳥魚龍虎鳳龜花草竹松梅蘭菊米食衣住宮室門戶堂殿樓臺城郡縣州府京都村里道路橋舟高低長短大小多"
    "寡重輕新舊善惡美醜眞假虛實剛柔陰陽乾坤元亨利貞仁義禮智信忠孝悌勇敬恭謹愼勤儉學問思辨知識聞聽視聲色香味觸法"
    "經傳詩禮樂易論語孟荀老莊佛僧寺塔神鬼祭祀宗廟祖先孫後世代紀元帝皇后妃太祖宗相卿侯伯將帥令長判參議奉政承旨"
    "春堂進賢正卷第序跋目錄集記志表錄解註疏集說義章句篇字音訓反切四五六七八九百千萬億初終始末左右前後內外"
    "青赤黃白黑玄丹朱紫碧安危治亂興亡盛衰吉凶禍福壽夭富貴貧賤得失取捨進退動靜開閉起臥往來遠近親疏愛憎喜怒哀懼"
    "慶尙忠淸全羅咸鏡平安黃海江原漢陽開城慶州全州公州海州延安義州永興鏡城甲子乙丑丙寅丁卯戊辰己巳庚午辛未壬申癸酉"
    "甲戌乙亥當與同共皆俱各每若如猶雖則故乃卽因由從自及又亦復再更始方旣已嘗曾未必須宜應莫勿非"
)

HANGUL = (
    "이다는에의가을고하지은를로한기어도나리아자사그서시라인수해대여일들만있정부보으게주스제있과전성구상오"
    "장소동조유원안마세연경비우선신했면무국공되화었였진방적요미물모거중트관생문개위된산행말내것재분실해영"
    "강용계학바간출명차초단회음계할발치던때없단까러드르니더본통속타저될반표심용입업합람후려월건체외양박권날왕감당집급"
    "두운투호최예작데현금론같법편길임살복력점군질크확식백또품등교노태남북너레처글씨옛책빛꽃밝별숲읽삶값흙넓젊얼굴봄여름가을겨울"
)

# Conjoining jamo: syllables with 아래아, initial clusters and letters that modern spelling has lost.
OLD_HANGUL = tuple(
    initial + vowel + final
    for initial, vowel, final in [
        ("\u1112", "\u119e", "\u11ab"),
        ("\u1112", "\u119e", "\u11af"),
        ("\u1106", "\u119e", "\u11af"),
        ("\u1109", "\u119e", ""),
        ("\u110a", "\u119e", ""),
        ("\u1100", "\u119e", "\u11ba"),
        ("\u1102", "\u119e", "\u11ab"),
        ("\u1103", "\u119e", "\u11af"),
        ("\u1105", "\u119e", "\u11af"),
        ("\u1107", "\u119e", "\u11bc"),
        ("\u110c", "\u119e", "\u11ab"),
        ("\u110e", "\u119e", "\u11b7"),
        ("\u1106", "\u119e", ""),
        ("\u1112", "\u119e", ""),
        ("\u1140", "\u119e", "\u11b7"),
        ("\u1140", "\u1175", ""),
        ("\u112d", "\u1161", "\u11bc"),
        ("\u1132", "\u1173", ""),
        ("\u1121", "\u116e", "\u11af"),
        ("\u1120", "\u1173", "\u11ae"),
        ("\u1103", "\u1172", "\u11bc"),
        ("\u1109", "\u1167", "\u11bc"),
        ("\u110c", "\u1169", "\u11f0"),
        ("\u1100", "\u116e", "\u11f0"),
    ]
)

HIRAGANA = "のにはをとたがでてしいれるもさかならこすあきりくまうよそつけおわめえせちみどへじほばねひやぬ"
KATAKANA = "ンールストリアイラクカシタドレジフマロテコサオニナキツメミノチハセウエヤモヒワ"

ENGLISH = """
the of and to in a that it is was for be by as with on not which this his from are at or have an they had but one all
were their so when her who there been if more no will out its would up into than them some could these may our then
first any such time other only now over upon great old made man most after before shall under house day place year
said people through little same work life against part water found between still long good where way state country
King court church parish county town land letter honour witness hereby records given hand seal present daughter son
brother estate sum pounds paid received month January March June September October winter summer harvest village river
bridge road market ship captain voyage island weather evening morning service history language book chapter volume
page library paper printed author edition London Paris notice concerning respect answer question several matter
according opinion therefore however whether whose among during within without nature science number order power public
"""
