// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAITokenMinter} from "../../../src/interfaces/IAITokenMinter.sol";
import {MinterSetup} from "./MinterSetup.sol";

contract DeclareModeTest is MinterSetup {
    function test_OperatorDeclaresOnce() public {
        vm.expectEmit(address(minter));
        emit IAITokenMinter.ModeDeclared(PROVIDER, IAITokenMinter.Mode.PerReceipt);
        declare(IAITokenMinter.Mode.PerReceipt);
        assertTrue(minter.modeOf(PROVIDER) == IAITokenMinter.Mode.PerReceipt, "mode");
    }

    function test_NeverTwiceNotEvenTheSame() public {
        declare(IAITokenMinter.Mode.Cumulative);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, PROVIDER, IAITokenMinter.Mode.Cumulative));
        declare(IAITokenMinter.Mode.PerReceipt);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, PROVIDER, IAITokenMinter.Mode.Cumulative));
        declare(IAITokenMinter.Mode.Cumulative);
    }

    function test_UndeclaredIsNoMode() public {
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, PROVIDER, IAITokenMinter.Mode.Undeclared));
        declare(IAITokenMinter.Mode.Undeclared);
    }

    function testFuzz_NobodyElse(address caller, bytes32 providerId) public {
        vm.assume(caller != operator || providerId != PROVIDER);
        vm.assume(caller != address(0));
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NotProvider.selector, caller, providerId));
        vm.prank(caller);
        minter.declareMode(providerId, IAITokenMinter.Mode.Cumulative);
    }
}
